/**
 * WASI interfaces as text of component imports, for guests written in WAT: `wasi:io/streams@0.2.12`
 * becomes an instance import with the types and the few functions that the guests here use.
 *
 * Identifiers carry the release, so that one component can import several: the instance is
 * `$wasi:io/streams@0.2.12`, its resource `$output-stream@0.2.12`. An interface must come after the
 * ones whose types it uses.
 */

/** Makes the body of one instance type; `v` is the release with its `@`. */
type Declarations = (v: string) => string;

/** Resources that other interfaces, or the guest itself, refer to. */
const RESOURCES: Readonly<Record<string, readonly string[]>> = {
  'wasi:io/error': ['error'],
  'wasi:io/poll': ['pollable'],
  'wasi:io/streams': ['output-stream'],
  'wasi:http/types': [
    'fields',
    'incoming-request',
    'response-outparam',
    'outgoing-response',
    'outgoing-body',
  ],
};

const DECLARATIONS: Readonly<Record<string, Declarations>> = {
  'wasi:io/error': () => resource('error'),
  'wasi:io/poll': () => `
    ${resource('pollable')}
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))`,
  'wasi:io/streams': (v) => `
    ${use('error', v)}
    ${resource('output-stream')}
    (type $stream-error.def (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error.def)))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $output-stream)) (param "contents" (list u8))
      (result (result (error $stream-error)))))`,
  'wasi:clocks/monotonic-clock': (v) => `
    ${use('pollable', v)}
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))`,
  'wasi:random/random': () => `
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))`,
  'wasi:cli/environment': () => `
    (export "get-environment" (func (result (list (tuple string string)))))`,
  'wasi:cli/stdout': (v) => `
    ${use('output-stream', v)}
    (export "get-stdout" (func (result (own $output-stream))))`,
  'wasi:cli/exit': () => '(export "exit" (func (param "status" (result))))',
  'wasi:http/types': (v) => `
    ${use('output-stream', v)}
    ${(RESOURCES['wasi:http/types'] ?? []).map(resource).join('\n    ')}
    ${errorCode()}
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-response" (func
      (param "headers" (own $fields)) (result (own $outgoing-response))))
    (export "[method]outgoing-response.body" (func
      (param "self" (borrow $outgoing-response)) (result (result (own $outgoing-body)))))
    (export "[method]outgoing-body.write" (func
      (param "self" (borrow $outgoing-body)) (result (result (own $output-stream)))))
    (export "[static]outgoing-body.finish" (func
      (param "this" (own $outgoing-body)) (param "trailers" (option (own $fields)))
      (result (result (error $error-code)))))
    (export "[static]response-outparam.set" (func
      (param "param" (own $response-outparam))
      (param "response" (result (own $outgoing-response) (error $error-code)))))`,
};

/**
 * The text of one import, with aliases for the resources in it.
 *
 * @param name `wasi:io/streams@0.2.12`.
 * @returns The text, or undefined for an interface that no guest here uses.
 */
export function wasiImport(name: string): string | undefined {
  const [path = '', release = ''] = name.split('@');
  const declarations = DECLARATIONS[path];
  if (declarations === undefined) return undefined;
  const aliases = (RESOURCES[path] ?? []).map(
    (each) => `(alias export $${name} "${each}" (type $${each}@${release}))`,
  );
  return [`(import "${name}" (instance $${name} ${declarations(`@${release}`)}))`, ...aliases].join(
    '\n  ',
  );
}

function resource(name: string): string {
  return `(export "${name}" (type $${name} (sub resource)))`;
}

/** Takes over a resource of an interface imported before. */
function use(name: string, v: string): string {
  return `(export "${name}" (type $${name} (eq $${name}${v})))`;
}

/** The variant `error-code` of `wasi:http/types`, whose shape decides how a response is lowered. */
function errorCode(): string {
  const record = (name: string, fields: string): string =>
    `(type $${name}.def (record ${fields})) (export "${name}" (type $${name} (eq $${name}.def)))`;
  const cases = ERROR_CODES.map(([name, type]) =>
    type === undefined ? `(case "${name}")` : `(case "${name}" ${type})`,
  );
  return [
    record('DNS-error-payload', '(field "rcode" (option string)) (field "info-code" (option u16))'),
    record(
      'TLS-alert-received-payload',
      '(field "alert-id" (option u8)) (field "alert-message" (option string))',
    ),
    record(
      'field-size-payload',
      '(field "field-name" (option string)) (field "field-size" (option u32))',
    ),
    `(type $error-code.def (variant ${cases.join(' ')}))`,
    '(export "error-code" (type $error-code (eq $error-code.def)))',
  ].join('\n    ');
}

const ERROR_CODES: readonly (readonly [name: string, type?: string])[] = [
  ['DNS-timeout'],
  ['DNS-error', '$DNS-error-payload'],
  ['destination-not-found'],
  ['destination-unavailable'],
  ['destination-IP-prohibited'],
  ['destination-IP-unroutable'],
  ['connection-refused'],
  ['connection-terminated'],
  ['connection-timeout'],
  ['connection-read-timeout'],
  ['connection-write-timeout'],
  ['connection-limit-reached'],
  ['TLS-protocol-error'],
  ['TLS-certificate-error'],
  ['TLS-alert-received', '$TLS-alert-received-payload'],
  ['HTTP-request-denied'],
  ['HTTP-request-length-required'],
  ['HTTP-request-body-size', '(option u64)'],
  ['HTTP-request-method-invalid'],
  ['HTTP-request-URI-invalid'],
  ['HTTP-request-URI-too-long'],
  ['HTTP-request-header-section-size', '(option u32)'],
  ['HTTP-request-header-size', '(option $field-size-payload)'],
  ['HTTP-request-trailer-section-size', '(option u32)'],
  ['HTTP-request-trailer-size', '$field-size-payload'],
  ['HTTP-response-incomplete'],
  ['HTTP-response-header-section-size', '(option u32)'],
  ['HTTP-response-header-size', '$field-size-payload'],
  ['HTTP-response-body-size', '(option u64)'],
  ['HTTP-response-trailer-section-size', '(option u32)'],
  ['HTTP-response-trailer-size', '$field-size-payload'],
  ['HTTP-response-transfer-coding', '(option string)'],
  ['HTTP-response-content-coding', '(option string)'],
  ['HTTP-response-timeout'],
  ['HTTP-upgrade-failed'],
  ['HTTP-protocol-error'],
  ['loop-detected'],
  ['configuration-error'],
  ['internal-error', '(option string)'],
];
