/**
 * The promises of `contracts/object-store.ts`, run on every implementation. Races are run two ways: a burst of calls, and, where a store
 * speaks HTTP, a gate that holds back the last byte of every racer.
 */
import { describe } from 'vitest';
import type { ObjectStore } from '../../src/contracts/object-store.ts';
import { describeConditions } from './object-store/conditions.ts';
import { describeListing } from './object-store/listing.ts';
import { describeLostAnswers } from './object-store/lost-answers.ts';
import { describeGatedRaces, describeRaces } from './object-store/races.ts';
import { describeReadingAndWriting } from './object-store/reading-and-writing.ts';
import { type SubjectInUse, useSubject } from './object-store/subject.ts';
import { describeUploads } from './object-store/uploads.ts';

export interface Subject {
  readonly store: ObjectStore;
  /** Files above this size go in several parts, if the store knows parts. */
  readonly partSizeBytes: number;
  /**
   * Repeats what failed, over something that loses the answer of every nth conditional write or delete after its effect.
   * `multipart`: uploads of any size go in parts, if the store knows parts.
   */
  losingAnswers(nth: number, parts: 'single' | 'multipart'): ObjectStore;
  close(): Promise<void>;
}

/** Racers whose conditional writes have arrived at the store but for their last byte. */
export interface Gate {
  readonly stores: readonly ObjectStore[];
  /** Resolves when as many writes as there are stores stand at the gate. */
  full(): Promise<void>;
  release(): void;
}

export interface HttpSubject extends Subject {
  /** Uploads of any size go multipart here, and wait at the gate with their last step. */
  gate(racers: number): Gate;
}

/** `make` is called once; every test keeps to keys of its own. */
export function describeObjectStore(name: string, make: () => Promise<Subject>): void {
  describe(`object store: ${name}`, () => describePromises(useSubject(make)));
}

/** As `describeObjectStore`, with what can only be tried over a wire. */
export function describeHttpObjectStore(name: string, make: () => Promise<HttpSubject>): void {
  describe(`object store: ${name}`, () => {
    const use = useSubject(make);
    describePromises(use);
    describeGatedRaces(use, (racers) => use.subject.gate(racers));
  });
}

function describePromises(use: SubjectInUse): void {
  describeReadingAndWriting(use);
  describeConditions(use);
  describeListing(use);
  describeUploads(use);
  describeRaces(use);
  describeLostAnswers(use, (nth, parts) => use.subject.losingAnswers(nth, parts));
}
