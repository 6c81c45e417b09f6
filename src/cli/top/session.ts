/** `hvql top` on a terminal: handles keys and events, and draws frames. */
import type { ExecutionResult } from 'graphql';
import { adviceFor } from './advice.ts';
import { documentOf, loadOf, overOf, problemOf, subjectOf, type Asked, type Load } from './document.ts';
import { drawFrame, roomForRows } from './screen/frame.ts';
import type { GraphLink, LinkProblem } from './link/graph-link.ts';
import type { GraphFacts } from './link/link-facts.ts';
import { poll } from './link/poll.ts';
import { press } from './press.ts';
import { choiceOf, withinRows, type State } from './state.ts';
import type { Style } from './screen/style.ts';
import { Terminal, type PressedKey, type TerminalStreams } from './screen/terminal.ts';
import type { Table } from './view/view.ts';
import { views } from './view/views.ts';

/** The options of a session. */
export interface SessionOptions {
  readonly link: GraphLink;
  readonly facts: GraphFacts;
  readonly state: State;
  readonly streams: TerminalStreams;
  readonly style: Style;
  /** Aborted when the session must end. */
  readonly signal: AbortSignal;
  /** How long it runs, in milliseconds; null until the user quits. */
  readonly for: number | null;
}

/** Numbers that are older than this many intervals, and a second, are stale. */
const staleIntervals = 2;
const staleMilliseconds = 1_000;
const checkMilliseconds = 1_000;

/** Shown between the first response after a problem and the second one. */
const backProblem: LinkProblem = {
  message: 'The service responds again.',
  advice: 'The next response has rates; until then the last ones are shown.',
};

/** Shows the graph until the user quits. Resolves with the exit code when the terminal has been restored. */
export async function runSession(options: SessionOptions): Promise<number> {
  const session = new Session(options);
  return session.run();
}

class Session {
  readonly #options: SessionOptions;
  readonly #terminal: Terminal;
  readonly #widths = new Map<string, number>();
  #state: State;
  #table: Table | null = null;
  /** The view and the place that the table shows. */
  #tableOf = '';
  #host: string | null = null;
  #sampledAt: string | null = null;
  #load: Load | null = null;
  #fleet = '';
  #problem: LinkProblem | null = null;
  /** Whether responses have resumed. The first one has no rates, so the old ones are shown until the next. */
  #isBack = false;
  /** When the last numbers arrived, by this process's clock. */
  #freshAt = performance.now();
  #document = '';
  #stopWatching: () => void = () => {};
  #finish: (exitCode: number) => void = () => {};

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#terminal = new Terminal(options.streams, {
      key: (key) => this.#press(key),
      resize: () => this.#update(),
    });
  }

  async run(): Promise<number> {
    const { signal, for: duration } = this.#options;
    if (signal.aborted) return 0;
    const finished = new Promise<number>((resolve) => (this.#finish = resolve));
    const onAbort = (): void => {
      // Synchronously, because a second signal terminates the process.
      this.#terminal.restore();
      this.#finish(0);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const end = duration === null ? undefined : setTimeout(() => this.#finish(0), duration);
    const check = setInterval(() => this.#draw(), checkMilliseconds);
    this.#terminal.open();
    try {
      this.#update();
      return await finished;
    } finally {
      this.#stopWatching();
      clearTimeout(end);
      clearInterval(check);
      signal.removeEventListener('abort', onAbort);
      this.#terminal.close();
    }
  }

  #press(key: PressedKey): void {
    const { facts } = this.#options;
    const pressed = press(this.#state, key, {
      table: this.#table,
      roomForRows: this.#room,
      isFleet: facts.isFleet,
      ownPartition: facts.ownPartition,
    });
    if (pressed === 'quit') {
      this.#finish(0);
      return;
    }
    if (pressed === 'suspend') {
      this.#terminal.suspend();
      return;
    }
    if (pressed === 'redraw') this.#terminal.screen.invalidate();
    else {
      const isResumed = this.#state.isPaused && !pressed.isPaused;
      this.#state = pressed;
      if (isResumed) this.#document = '';
      if (pressed.isPaused) this.#stopWatching();
    }
    this.#update();
  }

  /** Requests the current content, if it differs from the running request, and draws. */
  #update(): void {
    const asked = this.#asked();
    const { every } = this.#state;
    const { isFleet, hasSubscriptions } = this.#options.facts;
    const isPolled = isFleet && !hasSubscriptions;
    const document = documentOf(asked, isPolled ? null : every);
    const place = JSON.stringify([asked.view.name, asked.host, asked.wanted.partitionId]);
    if (place !== this.#tableOf) {
      this.#table = null;
      this.#load = null;
      this.#widths.clear();
      this.#tableOf = place;
    }
    const key = `${every} ${document}`;
    if (key !== this.#document) {
      this.#document = key;
      this.#watch(document, { asked, isPolled });
    }
    this.#draw();
  }

  #watch(document: string, { asked, isPolled }: { readonly asked: Asked; readonly isPolled: boolean }): void {
    const { link } = this.#options;
    this.#stopWatching();
    const watcher = {
      next: (result: ExecutionResult): void => this.#take(result, asked),
      lost: (problem: LinkProblem): void => {
        this.#problem = problem;
        this.#isBack = false;
        this.#draw();
      },
      ended: (): void => {
        this.#problem = {
          message: 'The object that was shown no longer exists.',
          advice: 'Press q to quit.',
        };
        this.#draw();
      },
    };
    this.#stopWatching = isPolled
      ? poll(link, { text: document, every: this.#state.every, watcher })
      : link.watch(document, watcher);
  }

  #take(result: ExecutionResult, asked: Asked): void {
    const subject = subjectOf(result, asked);
    if (subject.value === null) {
      const { code, message } = problemOf(subject, asked);
      this.#problem = { message: code === '' ? message : `${code}: ${message}`, advice: adviceFor(code) };
      this.#isBack = false;
      this.#draw();
      return;
    }
    const table = asked.view.table(subject, asked.wanted);
    if (this.#problem !== null && this.#table !== null && !this.#isBack && isWaiting(table)) {
      this.#problem = backProblem;
      this.#isBack = true;
      this.#draw();
      return;
    }
    this.#isBack = false;
    this.#table = table;
    this.#problem = null;
    this.#freshAt = performance.now();
    this.#load = loadOf(subject);
    this.#host = asked.view.name === 'hosts' ? null : subject.at('host').text;
    this.#sampledAt = subject.at('sampledAt').text || null;
    const totals = subject.at('totals');
    this.#fleet =
      totals.value === null ? '' : `${totals.at('answered').text} of ${totals.at('of').text} hosts respond`;
    this.#state = withinRows(this.#state, table.rows.length, this.#room);
    if (this.#state.isPaused) this.#stopWatching();
    this.#draw();
  }

  #asked(): Asked {
    const state = this.#state;
    const view = views[state.view];
    const { facts } = this.#options;
    const isPolled = facts.isFleet && !facts.hasSubscriptions;
    const room = this.#room;
    const needed = Math.max(state.firstRow + room, state.selected + 1);
    // In whole screens, so that scrolling by a row does not need another subscription.
    const rows = Math.min(view.mostRows, Math.ceil(needed / room) * room);
    return {
      view,
      host: state.host,
      isRoot: facts.isRoot,
      wanted: {
        ...choiceOf(state),
        filter: state.filter,
        partitionId: state.partitionId,
        rows,
        over: isPolled ? overOf(state.every) : null,
      },
    };
  }

  get #room(): number {
    return roomForRows(this.#terminal.rows);
  }

  #draw(): void {
    const { link, style } = this.#options;
    const frame = drawFrame(
      {
        state: this.#state,
        title: link.title,
        table: this.#table,
        host: this.#host,
        sampledAt: this.#sampledAt,
        load: this.#load,
        fleet: this.#fleet,
        trouble: this.#trouble(),
      },
      { columns: this.#terminal.columns, rows: this.#terminal.rows, style, widths: this.#widths },
    );
    this.#terminal.screen.show(frame);
  }

  #trouble(): (LinkProblem & { readonly staleSeconds: number | null }) | null {
    const { isPaused, every } = this.#state;
    const age = performance.now() - this.#freshAt;
    const isLate = !isPaused && age > staleIntervals * every + staleMilliseconds;
    const staleSeconds = Math.round(age / 1_000);
    if (this.#problem !== null)
      return { ...this.#problem, staleSeconds: this.#table === null ? null : staleSeconds };
    if (!isLate) return null;
    return {
      message: 'No responses arrive.',
      advice: 'The service or its source may be hung.',
      staleSeconds,
    };
  }
}

/** Whether rates wait for a second reading in each row. */
function isWaiting({ rows }: Table): boolean {
  return rows.length > 0 && rows.every(({ cells }) => cells.some(({ missing }) => missing === 'waiting'));
}
