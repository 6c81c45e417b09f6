/** `hvql record`: writes a capture of what a source reports, frame by frame. */
import { HvqlError } from '../../errors.ts';
import { captureWriter, type CaptureWriter } from '../../source/capture/capture-writer.ts';
import { takeSnapshot } from '../../source/host-snapshot.ts';
import type { Source } from '../../source/source.ts';
import type { CommandContext } from '../command-context.ts';
import { formatBytes, formatCount, printable } from '../format.ts';
import { ticks, countTicks } from './ticks.ts';
import { progress, Tally } from './progress.ts';

/** What to record, in milliseconds. */
export interface RecordOptions {
  /** Opened and closed by the caller. */
  readonly source: Source;
  /** The time between frames. */
  readonly every: number;
  /** The time from the first to the last frame; if not given, until the signal is aborted. */
  readonly for?: number | undefined;
  /** A folder, or a file whose name ends in ".tar". */
  readonly out: string;
  /** The host name to write; if not given, the source's own, which a capture may have. */
  readonly hostName?: string | null;
}

/**
 * Records until the time is over or the signal is aborted; the capture is valid in both cases. An object that cannot be
 * read is omitted from its frame, and a snapshot that fails as a whole is omitted from the capture. Returns exit code 1 if
 * there are no frames; then nothing is written. Rejects with a UsageError if `out` cannot be written.
 */
export async function record(options: RecordOptions, context: CommandContext): Promise<number> {
  const writer = await captureWriter(options.out, options.hostName ?? options.source.host ?? null);
  const recording = new Recording(options, writer);
  const line = progress(context.stderr);
  try {
    for await (const number of ticks({ ...options, ...context })) {
      await recording.takeFrame(number, context.signal);
      line.show(recording.describe());
    }
    const all = countTicks(options);
    if (all !== undefined && !context.signal.aborted) recording.reach(all);
    if (recording.frames > 0) await writer.finish();
    else await writer.abandon();
  } catch (thrown) {
    await writer.abandon();
    throw thrown;
  } finally {
    line.clear();
  }
  return report(recording, { out: options.out, ...context });
}

function report(
  recording: Recording,
  { out, stdout, stderr }: Pick<RecordOptions & CommandContext, 'out' | 'stdout' | 'stderr'>,
): number {
  const { frames, pages, texts, bytes } = recording;
  if (frames === 0) {
    stderr.write(`Nothing was recorded, and ${printable(out)} is not written.\n${recording.failures()}`);
    return 1;
  }
  stdout.write(
    `Recorded ${formatCount(frames, 'frame')} with ${texts > 0 ? formatCount(pages + texts, 'reading') : formatCount(pages, 'page')} (${formatBytes(bytes)}) to ${printable(out)}.\n`,
  );
  stderr.write(recording.failures());
  return 0;
}

/** A recording in progress. */
class Recording {
  frames = 0;
  pages = 0;
  /** Readings without a page, which are recorded as text. */
  texts = 0;
  bytes = 0;
  readonly #options: RecordOptions;
  readonly #writer: CaptureWriter;
  readonly #failedReadings = new Tally('snapshot');
  readonly #failedPages = new Tally('page');
  /** The number of the next tick, unless the previous snapshot takes too long. */
  #next = 0;
  #late = 0;

  constructor(options: RecordOptions, writer: CaptureWriter) {
    this.#options = options;
    this.#writer = writer;
  }

  /** Records the frame of this tick, or the failure of the whole snapshot. */
  async takeFrame(number: number, signal: AbortSignal): Promise<void> {
    this.reach(number);
    this.#next++;
    try {
      const snapshot = await takeSnapshot(this.#options.source, signal);
      for (const failure of snapshot.failures) this.#failedPages.add(failure.message);
      if (snapshot.pages.length + snapshot.pageless.length === 0) return;
      this.bytes += await this.#writer.writeFrame(snapshot);
      this.frames++;
      this.pages += snapshot.pages.length;
      this.texts += snapshot.pageless.length;
    } catch (thrown) {
      if (signal.aborted) return;
      if (!(thrown instanceof HvqlError)) throw thrown;
      this.#failedReadings.add(thrown.message);
    }
  }

  /** Records that the ticks before this number have been missed. */
  reach(number: number): void {
    this.#late += number - this.#next;
    this.#next = number;
  }

  describe(): string {
    const all = countTicks(this.#options);
    const frames = `${formatCount(this.frames, 'frame')}${all === undefined ? '' : ` of ${all}`}`;
    return `Recording: ${frames}, ${formatBytes(this.bytes)}`;
  }

  /** A summary of what is missing in the capture. */
  failures(): string {
    const tooLate =
      this.#late > 0
        ? `${formatCount(this.#late, 'snapshot')} left out, because the one before took too long.\n`
        : '';
    return tooLate + this.#failedReadings.report() + this.#failedPages.report();
  }
}
