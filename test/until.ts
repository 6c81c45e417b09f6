/** How tests wait: for a condition, never for a time. */

/** How long a condition may take; a machine under load takes many times as long as a quiet one. */
const limitMilliseconds = 60_000;

/**
 * Resolves once the condition holds. It is tried every few milliseconds. After a minute this rejects, with the text of
 * the condition and the given state.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  state: () => string = () => '',
): Promise<void> {
  const giveUpAt = performance.now() + limitMilliseconds;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`not in time: ${String(condition)} ${state()}`.trim());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
