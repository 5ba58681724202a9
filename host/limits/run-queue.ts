/**
 * Turns that wait, fair between functions: the next one is the oldest of the function that has had the
 * least CPU time. A binary heap of functions, so that thousands of waiting functions cost microseconds.
 *
 * A function may be charged while it waits. Its time only grows, so its place in the heap is put right
 * when it comes to the top.
 */
import type { Share, Turn } from './share.ts';

interface Place {
  readonly share: Share;
  /** Virtual time by which it stands in the heap; at most the share's. */
  key: number;
}

/** A queue of turns. */
export class RunQueue {
  readonly #heap: Place[] = [];

  /** Adds a turn behind the others of its function. */
  add(turn: Turn): void {
    const { share } = turn;
    share.turns.add(turn);
    if (share.isPlaced) return;
    share.isPlaced = true;
    this.#heap.push({ share, key: share.virtualMs });
    this.#up(this.#heap.length - 1);
  }

  /** Takes a turn out, wherever it stands. Nothing happens if it does not wait. */
  remove(turn: Turn): void {
    turn.share.turns.delete(turn);
  }

  /** The next turn, which stays; undefined if none waits. */
  peek(): Turn | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      const { share } = first;
      if (share.turns.size === 0) {
        this.#dropFirst();
      } else if (share.virtualMs > first.key) {
        first.key = share.virtualMs;
        this.#down();
      } else {
        return share.turns.first;
      }
    }
    return undefined;
  }

  #dropFirst(): void {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first !== undefined) first.share.isPlaced = false;
    if (last === undefined || last === first) return;
    this.#heap[0] = last;
    this.#down();
  }

  #up(from: number): void {
    const heap = this.#heap;
    for (let index = from; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) return;
      swap(heap, index, parent);
      index = parent;
    }
  }

  /** Moves the first place to where it belongs. */
  #down(): void {
    const heap = this.#heap;
    for (let index = 0; ;) {
      const left = index * 2 + 1;
      const least = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
      if (!isBefore(heap[least], heap[index])) return;
      swap(heap, index, least);
      index = least;
    }
  }
}

function isBefore(left: Place | undefined, right: Place | undefined): boolean {
  return left !== undefined && right !== undefined && left.key < right.key;
}

function swap(heap: Place[], left: number, right: number): void {
  const [one, other] = [heap[left], heap[right]];
  if (one === undefined || other === undefined) return;
  heap[left] = other;
  heap[right] = one;
}
