/** A child's side of `child.ts`: says that it is ready, answers questions, ends when its parent has gone. */

/** What a child tells its parent. */
export type ChildMessage = { readonly value: unknown } | { readonly failure: string };

/**
 * Serves the parent of this process until it lets go.
 *
 * @param ready What the parent is told first.
 * @param answer Answers a question, whose type parent and child agree on; what it throws is thrown in the parent.
 * @param close Called once, at the end; then the process exits.
 */
export function answerParent(
  ready: unknown,
  answer: (question: never) => unknown,
  close: () => Promise<void>,
): void {
  // Ctrl-C reaches every process of the terminal; the parent decides when this one ends.
  process.on('SIGINT', () => {});
  process.on('message', (question: unknown) => {
    void Promise.try(answer, question as never).then(
      (value) => tell({ value }),
      (error: unknown) =>
        tell({ failure: error instanceof Error ? String(error.stack) : String(error) }),
    );
  });
  process.once('disconnect', () => {
    void close().finally(() => process.exit());
  });
  tell({ value: ready });
}

function tell(message: ChildMessage): void {
  // The parent may have left meanwhile: then there is nobody to tell.
  if (process.connected) process.send?.(message);
}
