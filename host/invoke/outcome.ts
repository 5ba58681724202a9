/**
 * How a call that failed is told apart: ended by us (and why), out of memory, trapped, or our own fault.
 * The table here is the one place that turns a thrown value into an outcome and a coded error.
 */
import { HostError } from '../base/errors.ts';
import { endReasonOf, type EndReason } from '../component/ending.ts';
import type { MemoryAccount } from '../limits/memory-account.ts';
import type { Outcome } from '../metrics/observer.ts';
import { describeTrapStack } from './trap-stack.ts';

/** Outcome and error of a failed call. */
export interface Failure {
  readonly outcome: Outcome;
  readonly error: HostError;
}

/** What a failure is told about. */
export interface FailedCall {
  readonly functionName: string;
  readonly timeoutMs: number;
  readonly cpuMs: number;
  readonly requestBodyBytes: number;
  readonly memory: MemoryAccount | undefined;
}

/**
 * Names a failure.
 *
 * @param error What the call threw.
 * @param call What was called.
 */
export function failureOf(error: unknown, call: FailedCall): Failure {
  const reason = endReasonOf(error);
  if (reason !== undefined) return failureOfEnding(reason, error, call);
  if (error instanceof HostError) return { outcome: outcomeOfHostError(error), error };
  const name = call.functionName;
  if (call.memory?.refused === true) return failureOfRefusal(call.memory, name, error);
  return {
    outcome: 'trap',
    error: new HostError('guest_trapped', { name, reason: trapReason(error) }, { cause: error }),
  };
}

/** A guest trapped after it was refused memory: by its own limit, or because the host has none left. */
function failureOfRefusal(memory: MemoryAccount, name: string, cause: unknown): Failure {
  if (memory.refusal === 'host') {
    const error = new HostError('host_overloaded', { what: memory.lacking }, { cause });
    return { outcome: 'overloaded', error };
  }
  const error = new HostError('memory_limit', { name, limit: memory.limitBytes }, { cause });
  return { outcome: 'memory_limit', error };
}

function failureOfEnding(reason: EndReason, cause: unknown, call: FailedCall): Failure {
  const name = call.functionName;
  switch (reason.kind) {
    case 'exit':
      return {
        outcome: 'guest_error',
        error: new HostError('guest_exited', { name, exitCode: reason.exitCode }),
      };
    case 'timeout':
      return {
        outcome: 'timeout',
        error: new HostError('invocation_timeout', { name, limit: call.timeoutMs }),
      };
    case 'cancelled':
      return { outcome: 'cancelled', error: new HostError('client_gone', { name }) };
    case 'cpu_limit':
      return {
        outcome: 'cpu_limit',
        error: new HostError('cpu_limit', { name, limit: call.cpuMs }, { cause }),
      };
    case 'memory_limit':
      return {
        outcome: 'memory_limit',
        error: new HostError('memory_limit', { name, limit: call.memory?.limitBytes ?? 0 }),
      };
    case 'request_body':
      return {
        outcome: 'guest_error',
        error: new HostError('request_too_large', { limit: call.requestBodyBytes }),
      };
    case 'trap':
      return failureOf(reason.error, call);
    case 'closing':
      return { outcome: 'instance_lost', error: new HostError('host_closing', {}) };
    case 'instance_lost':
      return { outcome: 'instance_lost', error: new HostError('instance_lost', { name }) };
    case 'rule':
      return {
        outcome: 'trap',
        error: new HostError('guest_broke_rule', { name, rule: reason.rule }, { cause }),
      };
  }
}

function outcomeOfHostError(error: HostError): Outcome {
  if (error.code === 'memory_limit_at_start') return 'memory_limit';
  if (error.code === 'host_overloaded') return 'overloaded';
  return error.blame === 'system' ? 'host_error' : 'guest_error';
}

/** One line for people: V8's message, without a stack. */
function trapReason(error: unknown): string {
  if (error instanceof RangeError) return 'stack overflow';
  if (error instanceof Error) return error.message.split('\n', 1)[0] ?? 'unknown';
  return 'it threw a value that is not an error';
}

/**
 * The guest's frames of a trap, innermost first, for the function's log.
 *
 * @param error What the call threw.
 */
export function wasmStackOf(error: unknown): string | undefined {
  const reason = endReasonOf(error);
  if (reason?.kind === 'trap') return wasmStackOf(reason.error);
  const stack = error instanceof Error ? error.stack : undefined;
  return stack === undefined ? undefined : describeTrapStack(stack);
}
