/** What a look is to read, laid out once for as many looks as there will be. */
import type { Granted } from '../../access/access.ts';
import { objectsOf, type ReadRequest, type Over } from './snapshot-reader.ts';

/** The objects to read, in the order in which they are read, and the growth that is wanted of them. */
export class ReadPlan {
  readonly requests: readonly ReadRequest[];
  /** The very same array each time: whoever has read it before may know it by that. */
  readonly objects: readonly Granted[];
  /** Where an object stands among the objects. */
  readonly numbers: ReadonlyMap<Granted, number>;
  /** The requests for growth alone. */
  readonly changes: readonly ChangeRequest[];

  constructor(requests: readonly ReadRequest[]) {
    this.requests = requests;
    this.objects = objectsOf(requests);
    this.numbers = new Map(this.objects.map((object, n) => [object, n]));
    this.changes = requests.flatMap(({ object, over }) =>
      object === null || over === null ? [] : [{ object, over, number: this.numbers.get(object) ?? 0 }],
    );
  }

  /** Whether nothing is to be read, not even the moment. */
  get isEmpty(): boolean {
    return this.requests.length === 0;
  }
}

/** Growth of an object over a time; `number` is where it stands among the objects. */
export interface ChangeRequest {
  readonly object: Granted;
  readonly over: Over;
  readonly number: number;
}
