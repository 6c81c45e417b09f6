/** Names the tests that passed in their second run only: each is a defect, of the test or of the service. */
import type { Reporter, TestCase } from 'vitest/node';

export default class FlakyReporter implements Reporter {
  readonly #flaky: TestCase[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky === true) this.#flaky.push(test);
  }

  onTestRunEnd(): void {
    for (const test of this.#flaky) {
      process.stderr.write(`\nFAILED AT FIRST: ${test.module.relativeModuleId} > ${test.fullName}\n`);
      for (const { message, stack } of test.result().errors ?? [])
        process.stderr.write(`${stack ?? message}\n`);
    }
  }
}
