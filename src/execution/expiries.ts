/** The ends of many identities, with one timer for all of them: as a rule thousands end in the same few seconds. */

/** What ends with an identity. */
export interface Expiring {
  expire(): void;
}

/** A timer that is set to more fires at once. */
const longestTimerMilliseconds = 0x7fff_ffff;

/** Tells each of its members when its time has come. Without members there is no timer. */
export class Expiries {
  readonly #now: () => number;
  readonly #members = new Map<number, Set<Expiring>>();
  #timer: NodeJS.Timeout | null = null;
  /** What the timer is set to. */
  #next = Infinity;

  /** `now` is in milliseconds since 1970, as all times here. */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(member: Expiring, expiresAt: number): void {
    const members = this.#members.get(expiresAt);
    if (members === undefined) this.#members.set(expiresAt, new Set([member]));
    else members.add(member);
    if (expiresAt < this.#next) this.#arm(expiresAt);
  }

  remove(member: Expiring, expiresAt: number): void {
    const members = this.#members.get(expiresAt);
    if (members === undefined) return;
    members.delete(member);
    if (members.size > 0) return;
    this.#members.delete(expiresAt);
    if (this.#members.size === 0) this.#arm(Infinity);
  }

  #arm(next: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#next = next;
    if (next === Infinity) {
      this.#timer = null;
      return;
    }
    const left = Math.min(Math.max(next - this.#now(), 0), longestTimerMilliseconds);
    this.#timer = setTimeout(() => this.#onTime(), left);
  }

  #onTime(): void {
    const now = this.#now();
    // Those that end take themselves out.
    const due = Array.from(this.#members).filter(([expiresAt]) => expiresAt <= now);
    for (const [expiresAt, members] of due) {
      this.#members.delete(expiresAt);
      for (const member of members) member.expire();
    }
    let next = Infinity;
    for (const expiresAt of this.#members.keys()) next = Math.min(next, expiresAt);
    this.#arm(next);
  }
}
