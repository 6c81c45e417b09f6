/** The example operations. */
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../schema/operations/', import.meta.url);
const texts = readdirSync(folder)
  .sort()
  .map((file) => readFileSync(new URL(file, folder), 'utf8'));
const isLive = (text: string): boolean => /^subscription\b/m.test(text);

/** Their texts. */
export const examples = {
  questions: texts.filter((text) => !isLive(text)),
  subscriptions: texts.filter(isLive),
} as const;
