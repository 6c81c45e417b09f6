/** Serves the dashboard: its page at "/", and the files that build.js has written to dist/dashboard. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { systemErrorReason } from '../../lib/system-error.ts';
import { sendAsset, isAssetType, type Asset, type AssetRequest } from './asset.ts';

/** Where the files are. */
export const dashboardFolder = '/dashboard/';

/** Sufficient for the page's `src` and `href` attributes and the settings that the service inserts. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The placeholder for the settings in the built page. */
const settingsMark = /\{\s*"settings":\s*"of the service"\s*\}/;

/** The settings that the service inserts into the page. */
export interface DashboardSettings {
  /** Whether the graph is that of a host or of a fleet. */
  readonly graph: 'host' | 'fleet';
  /** In development mode, the tokens of callers, of which it uses the first; otherwise null. */
  readonly tokens: readonly { readonly title: string; readonly token: string }[] | null;
}

/** The built page and its files. */
export interface DashboardFiles {
  readonly html: string;
  readonly assets: ReadonlyMap<string, Asset>;
}

/** Reads the files. Rejects with a UsageError if they have not been built. */
export async function readDashboard(folder: string): Promise<DashboardFiles> {
  try {
    const [html, names] = await Promise.all([
      readFile(join(folder, 'index.html'), 'utf8'),
      readdir(join(folder, 'assets')),
    ]);
    const assets = await Promise.all(
      names.flatMap((name) => {
        const type = name.slice(name.lastIndexOf('.') + 1);
        return isAssetType(type) ? [readAsset(folder, { name, type })] : [];
      }),
    );
    return { html, assets: new Map(assets.map((asset) => [asset.path, asset])) };
  } catch (thrown) {
    throw new UsageError([
      `The files of the dashboard in ${folder} cannot be read: ${systemErrorReason(thrown)}. ` +
        'Build them with "npm run build", or serve without them: --dashboard off.',
    ]);
  }
}

async function readAsset(
  folder: string,
  { name, type }: { readonly name: string; readonly type: Asset['type'] },
): Promise<Asset> {
  const file = join(folder, 'assets', name);
  const [plain, gzipped, brotli] = await Promise.all([
    readFile(file),
    readFile(`${file}.gz`),
    readFile(`${file}.br`),
  ]);
  return { path: `${dashboardFolder}assets/${name}`, type, gzipped, brotli, plain: () => plain };
}

/** The page of one listener, with its settings. */
export class Dashboard {
  readonly #html: Buffer;
  readonly #assets: ReadonlyMap<string, Asset>;

  constructor({ html, assets }: DashboardFiles, settings: DashboardSettings) {
    // Escaped so that the JSON can neither end the script element nor begin a comment.
    const embedded = JSON.stringify(settings).replaceAll('<', '\\u003c');
    this.#html = Buffer.from(html.replace(settingsMark, () => embedded));
    this.#assets = assets;
  }

  /** Sends the page. */
  sendPage({ request, response }: AssetRequest): void {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': this.#html.length,
      'content-security-policy': contentSecurityPolicy,
      // It may hold tokens.
      'cache-control': 'no-store',
      vary: 'accept',
    });
    response.end(request.method === 'HEAD' ? undefined : this.#html);
  }

  /** Sends the file at the path of the request; false without such a file. */
  async sendAsset(exchange: AssetRequest): Promise<boolean> {
    const asset = this.#assets.get(exchange.path);
    if (asset === undefined) return false;
    await sendAsset(asset, exchange);
    return true;
  }
}
