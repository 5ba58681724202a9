/**
 * The table of every coded error: status, whose mistake it is, message and fix.
 *
 * Long because it is one table, so that documentation (`docs/errors.md`, held to it by a test), HTTP
 * answers and the CLI cannot drift apart. Codes are never reused. Messages read `Cannot <action> "<value>": <state>`.
 */

/** One row of the table. */
export interface ErrorDefinition {
  /** HTTP status of an answer that carries this code. */
  readonly status: number;
  /** `user`: the caller can mend it. `guest`: the function's own fault. `system`: ours or the machine's. */
  readonly blame: 'user' | 'guest' | 'system';
  /** Template with `{field}` placeholders. */
  readonly message: string;
  /** What to do about it; a template too. */
  readonly fix?: string;
}

const define = <T extends Readonly<Record<string, ErrorDefinition>>>(table: T): T => table;

/** Code → definition. Sections follow the path of a deployment, then that of a request. */
export const ERROR_CODES = define({
  // Anything.
  internal_error: {
    status: 500,
    blame: 'system',
    message: 'Cannot finish the request: {reason}',
    fix: 'See the host log for the cause; this is a bug in the host',
  },
  invalid_digest: {
    status: 400,
    blame: 'user',
    message:
      'Cannot read the digest "{value}": it is not "sha256:" and 64 lowercase hexadecimal digits',
  },
  invalid_name: {
    status: 400,
    blame: 'user',
    message:
      'Cannot use the name "{value}": it is not 1 to 63 of a-z, 0-9 and "-" with a letter or digit at both ends',
    fix: 'Choose a name like "my-app" with --name',
  },
  invalid_size: {
    status: 400,
    blame: 'user',
    message: 'Cannot read the size "{value}": it is not a number with a unit',
    fix: 'Write it like 64MiB, 512KiB or 1GB',
  },
  invalid_duration: {
    status: 400,
    blame: 'user',
    message: 'Cannot read the duration "{value}": it is not a number with a unit',
    fix: 'Write it like 250ms, 10s or 5m',
  },
  // What was uploaded, read as bytes.
  not_wasm: {
    status: 422,
    blame: 'user',
    message: 'Cannot read the upload as WebAssembly: it is {looksLike}',
    fix: '{hint}',
  },
  wasm_version: {
    status: 422,
    blame: 'user',
    message:
      'Cannot read the upload: WebAssembly version {version}, layer {layer} is not one this host knows',
    fix: 'Rebuild it as a component (version 13, layer 1) or a core module (version 1, layer 0)',
  },
  wasm_truncated: {
    status: 422,
    blame: 'user',
    message: 'Cannot read the upload: it ends after {bytes} bytes, within the first 8',
    fix: 'Upload the whole file',
  },
  malformed_wasm: {
    status: 422,
    blame: 'user',
    message: 'Cannot read the WebAssembly: expected {expected} at byte {offset}',
    fix: 'Build it again; "wasm-tools validate" says more',
  },
  wasm_too_complex: {
    status: 422,
    blame: 'user',
    message: 'Cannot take the WebAssembly: it has more than {limit} {what}',
  },
  too_many_imports: {
    status: 422,
    blame: 'user',
    message: 'Cannot take the WebAssembly: it has more than {limit} imports',
  },
  unsafe_core_name: {
    status: 422,
    blame: 'user',
    message: 'Cannot take the name "{name}" of {where}: it holds the character {character}',
    fix: 'Use letters, digits and _-.:/@#[]<>|=+,$~ in names of imports and exports',
  },
  reserved_import: {
    status: 422,
    blame: 'user',
    message: 'Cannot take the import "{name}": the module name "{module}" belongs to the host',
    fix: 'Give the import another module name',
  },
  reserved_export: {
    status: 422,
    blame: 'user',
    message: 'Cannot take the export "{name}" of a core module: names like it belong to the host',
    fix: 'Give the export a name that does not begin with faas:',
  },
  shared_memory_refused: {
    status: 422,
    blame: 'user',
    message: 'Cannot take the module: its memory {index} is shared between threads',
    fix: 'Build it without threads (-pthread, +atomics)',
  },
  page_size_refused: {
    status: 422,
    blame: 'user',
    message: 'Cannot take the module: its memory {index} has pages of its own size',
    fix: 'Build it with the usual pages of 64 KiB',
  },
  gc_refused: {
    status: 422,
    blame: 'user',
    message:
      'Cannot take the module: it uses garbage-collected {what} (byte {offset}), whose memory cannot be limited',
    fix: 'Build it for linear memory',
  },
  function_too_large: {
    status: 422,
    blame: 'user',
    message:
      'Cannot take the module: the body of function {index} has {bytes} bytes and the limit is {limit}',
    fix: 'Split the function, or build with less inlining',
  },
  unsupported_by_native: {
    status: 422,
    blame: 'user',
    message: 'Cannot run the component on the native engine: it uses {reason}',
    fix: 'Leave the engine to the host, which then takes jco',
  },
  import_not_checked: {
    status: 422,
    blame: 'user',
    message:
      'Cannot check the types of the import "{name}": it comes behind something that only the jco engine knows ({reason})',
    fix: 'Build the component with its imports before everything else, as toolchains do',
  },
  // Preparing an artifact.
  not_wasi_module: {
    status: 400,
    blame: 'user',
    message: 'Cannot deploy the core module: it is no WASI preview1 command, {reason}',
    fix: 'Build it for wasm32-wasip1 or wasm32-wasip2 as a program with a main function, or as a component',
  },
  needs_componentizing: {
    status: 400,
    blame: 'user',
    message:
      'Cannot deploy the core module: it is the inside of a component that was not put together yet',
    fix: 'Build for wasm32-wasip2, or run "wasm-tools component new" or "jco new" on it',
  },
  adapt_failed: {
    status: 400,
    blame: 'user',
    message: 'Cannot adapt the core module to a component: {reason}',
  },
  unknown_world: {
    status: 400,
    blame: 'user',
    message:
      'Cannot serve the component: it exports neither wasi:http/incoming-handler nor wasi:cli/run of WASI 0.2, nor wasi:http/handler or wasi:cli/run of 0.3, but {exports}',
    fix: 'Build it for the world wasi:http/proxy or wasi:cli/command, 0.2.0 to 0.2.12, or wasi:http/service or wasi:cli/command, 0.3.0 to 0.3.2',
  },
  export_type_mismatch: {
    status: 400,
    blame: 'user',
    message:
      'Cannot serve the component: its "{name}" of "{interface}" has another type than WASI gives it',
    fix: 'Build it against the official WIT files of WASI 0.3',
  },
  composition_not_offered: {
    status: 400,
    blame: 'user',
    message:
      'Cannot serve the component: it imports wasi:http/handler and exports it, and composition is not offered yet',
    fix: 'Compose it with the component it stands before ("wac plug"), and deploy the result',
  },
  async_not_offered: {
    status: 422,
    blame: 'user',
    message:
      'Cannot run the asynchronous component: it uses {reason}, which this host does not offer',
    fix: 'See docs/wasi.md for what is offered of the asynchronous ABI',
  },
  unknown_import: {
    status: 400,
    blame: 'user',
    message:
      'Cannot link the component: it imports "{name}", which this host does not offer (nearest: {nearest})',
    fix: 'See docs/architecture.md for the interfaces that are offered',
  },
  import_type_mismatch: {
    status: 400,
    blame: 'user',
    message:
      'Cannot link the component: it calls "{name}" of "{interface}" with other types than this host has',
    fix: 'Build it against the official WIT files of WASI 0.2',
  },
  transpile_failed: {
    status: 400,
    blame: 'user',
    message: 'Cannot generate code for the component: {reason}',
  },
  trial_failed: {
    status: 400,
    blame: 'user',
    message: 'Cannot instantiate the component: {reason}',
    fix: 'See whether it runs with "wasmtime serve" or "wasmtime run"; its start must not need grants',
  },
  prepare_timeout: {
    status: 400,
    blame: 'user',
    message: 'Cannot prepare the artifact: it took longer than {limit} ms',
    fix: 'See whether its start function loops; a host with deploy.timeoutMs set higher gives it more time',
  },
  prepare_memory: {
    status: 400,
    blame: 'user',
    message: 'Cannot prepare the artifact: it took more than {limit} bytes of memory',
    fix: 'Make it smaller, or set deploy.memoryBytes higher',
  },
  prepare_crashed: {
    status: 500,
    blame: 'system',
    message: 'Cannot prepare the artifact: {reason}',
    fix: 'Try again; if it happens again, this is a bug in the host',
  },
  deploys_overloaded: {
    status: 503,
    blame: 'system',
    message: 'Cannot deploy now: {queue} deployments wait already',
    fix: 'Try again later',
  },
  snapshot_too_large: {
    status: 413,
    blame: 'user',
    message:
      'Cannot take the directories: {files} files with {bytes} bytes are more than {snapshotFiles} files or {snapshotBytes} bytes',
    fix: 'Deploy fewer files, or set deploy.snapshotBytes and deploy.snapshotFiles higher',
  },
  reuse_needs_http: {
    status: 400,
    blame: 'user',
    message: 'Cannot deploy a command with isolation "reuse": its instance ends with its run',
    fix: 'Deploy it without --isolation, or build an HTTP component',
  },
  reuse_takes_one_event: {
    status: 400,
    blame: 'user',
    message:
      'Cannot deploy the component with isolation "reuse": its JavaScript engine, StarlingMonkey, takes one fetch event in the life of an instance',
    fix: 'Deploy it without --isolation, or export incomingHandler instead of listening to fetch',
  },
  concurrent_reuse_needs_async: {
    status: 400,
    blame: 'user',
    message:
      'Cannot deploy a component whose instances serve {count} invocations at once: its export takes one call at a time',
    fix: 'Deploy it without --max-instance-concurrent-reuse-count, or build it for wasi:http/handler of WASI 0.3, lifted asynchronously',
  },
  // One invocation.
  overloaded: {
    status: 503,
    blame: 'user',
    message:
      'Cannot run the function "{name}" now: all {concurrency} places are taken and {queue} requests wait',
    fix: 'Try again later, or deploy with a higher --concurrency',
  },
  instance_lost: {
    status: 503,
    blame: 'guest',
    message:
      'Cannot finish the call of the function "{name}": its instance was ended by another call that it served at the same time',
    fix: 'Try again; the log of the function says what ended the instance',
  },
  host_closing: {
    status: 503,
    blame: 'system',
    message: 'Cannot finish the request: the host is closing',
    fix: 'Try again in a moment',
  },
  client_gone: {
    status: 499,
    blame: 'user',
    message: 'Cannot answer the request to "{name}": the client has gone',
  },
  request_too_large: {
    status: 413,
    blame: 'user',
    message: 'Cannot take the request: its body is larger than {limit} bytes',
  },
  invocation_timeout: {
    status: 504,
    blame: 'guest',
    message: 'Cannot finish the request: the function "{name}" took longer than {limit} ms',
    fix: 'Deploy with a longer --timeout, or see what it waits for',
  },
  host_overloaded: {
    status: 503,
    blame: 'system',
    message: 'Cannot make an instance now: the host has no {what} left for it',
    fix: 'Try again in a moment; limits.memoryBytes and limits.mappings in the configuration of the host say what there is',
  },
  rate_limited: {
    status: 429,
    blame: 'user',
    message:
      'Cannot run the function "{name}" now: more requests have come than its {limit} a second',
    fix: 'Try again in {retryAfterSeconds} s, or deploy with a higher --max-rps',
  },
  cpu_budget_exceeded: {
    status: 429,
    blame: 'user',
    message:
      'Cannot run the function "{name}" now: it has used the {limit} ms of CPU time that it has within a minute',
    fix: 'Try again in {retryAfterSeconds} s, or deploy with a higher --cpu-per-minute',
  },
  function_quarantined: {
    status: 503,
    blame: 'guest',
    message: 'Cannot run the function "{name}", which is in quarantine: {reason}',
    fix: 'Deploy a mended version, or let it run again with "faas resume {name}"',
  },
  cpu_limit: {
    status: 504,
    blame: 'guest',
    message:
      'Cannot finish the request: the function "{name}" used more than its {limit} ms of CPU time',
    fix: 'Deploy with a higher --cpu, or see where it was with "faas logs {name}"',
  },
  memory_limit: {
    status: 500,
    blame: 'guest',
    message:
      'Cannot finish the request: the function "{name}" asked for more than its {limit} bytes of memory and trapped',
    fix: 'Deploy with a larger --memory',
  },
  memory_limit_at_start: {
    status: 400,
    blame: 'user',
    message:
      'Cannot make an instance: its first memory has {needed} bytes and the limit is {limit}',
    fix: 'Deploy with a larger --memory',
  },
  guest_trapped: {
    status: 500,
    blame: 'guest',
    message: 'Cannot finish the request: the function "{name}" trapped: {reason}',
    fix: 'See the wasm stack with "faas logs {name}"',
  },
  guest_broke_rule: {
    status: 500,
    blame: 'guest',
    message: 'Cannot finish the request: the function "{name}" broke a rule of WASI: {rule}',
  },
  guest_exited: {
    status: 502,
    blame: 'guest',
    message: 'Cannot use the answer of "{name}": it exited with code {exitCode}',
    fix: 'See its output with "faas logs {name}"',
  },
  guest_no_response: {
    status: 502,
    blame: 'guest',
    message: 'Cannot answer the request: the function "{name}" returned without setting a response',
  },
  guest_error_code: {
    status: 502,
    blame: 'guest',
    message: 'Cannot answer the request: the function "{name}" answered with the error {errorCode}',
  },
  guest_incomplete_body: {
    status: 502,
    blame: 'guest',
    message: 'Cannot finish the response: the function "{name}" did not finish its body',
  },
  guest_bad_response: {
    status: 502,
    blame: 'guest',
    message: 'Cannot use the answer of "{name}": {reason}',
  },
  response_too_large: {
    status: 502,
    blame: 'guest',
    message: 'Cannot finish the response: the function "{name}" sent more than {limit} bytes',
  },
  engine_failed: {
    status: 500,
    blame: 'system',
    message: 'Cannot load the function: {reason}',
    fix: 'Deploy it again; if that does not help, this is a bug in the host',
  },

  // The data plane's way in.
  malformed_request: {
    status: 400,
    blame: 'user',
    message: 'Cannot read the request: {reason}',
  },
  header_too_large: {
    status: 431,
    blame: 'user',
    message: 'Cannot read the request: its header is larger than {limit} bytes',
  },
  request_incomplete: {
    status: 408,
    blame: 'user',
    message: 'Cannot read the request: it was not complete in time',
  },
  unknown_expectation: {
    status: 417,
    blame: 'user',
    message: 'Cannot meet the expectation "{value}": only "100-continue" is known',
  },
  unknown_transfer_coding: {
    status: 501,
    blame: 'user',
    message: 'Cannot read a body with the transfer coding "{value}": only "chunked" is known',
  },
  upgrade_refused: {
    status: 501,
    blame: 'user',
    message: 'Cannot switch to the protocol "{protocol}": functions speak HTTP alone',
  },
  connect_refused: {
    status: 501,
    blame: 'user',
    message: 'Cannot open a tunnel to "{target}": this is no proxy',
  },
  no_route: {
    status: 404,
    blame: 'user',
    message: 'Cannot find a function for "{where}": no route leads to one',
    fix: 'Call a function at /NAME/, or see the routes with "faas list"',
  },

  // Configuration.
  config_unreadable: {
    status: 400,
    blame: 'user',
    message: 'Cannot read the config file "{file}": {reason}',
    fix: 'Give the path of a readable JSON file with --config',
  },
  config_syntax: {
    status: 400,
    blame: 'user',
    message:
      'Cannot read the config file "{file}": it stops being JSON at line {line}, column {column}',
    fix: 'JSON has no comments and no trailing commas; quote names and texts with "',
  },
  unknown_setting: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the setting "{key}" from {source}: there is no such key',
    fix: '{hint}; docs/configuration.md lists every key',
  },
  invalid_setting: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the setting "{key}" from {source}: it is {given}, not {expected}',
    fix: 'See "{key}" in docs/configuration.md',
  },
  invalid_listen_address: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the setting "{key}": "{value}" is not host:port',
    fix: 'Write it like 127.0.0.1:8080 or [::1]:8080; port 0 takes a free one; admin also takes unix:/path',
  },

  // Admin API.
  unauthorized: {
    status: 401,
    blame: 'user',
    message: 'Cannot use the admin API: {reason}',
    fix: 'Send "authorization: Bearer TOKEN"; the first token is in the file admin-token of the data directory',
  },
  forbidden: {
    status: 403,
    blame: 'user',
    message: 'Cannot do this with the token "{token}": it lacks the scope "{scope}"',
    fix: 'Use a token that has it; "faas token create NAME --scope {scope}" makes one',
  },
  bad_host_header: {
    status: 421,
    blame: 'user',
    message: 'Cannot answer for the host "{value}": this admin API only knows loopback names',
    fix: 'Call it as http://127.0.0.1 or http://localhost with its port',
  },
  invalid_request: {
    status: 400,
    blame: 'user',
    message: 'Cannot read the request: {reason}',
  },
  invalid_settings: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the deployment setting "{key}": {reason}',
  },
  invalid_allowed_host: {
    status: 400,
    blame: 'user',
    message:
      'Cannot allow the host "{value}": it is not [scheme://]host[:port] with a name, *.name, an address, a range or *',
    fix: 'Write it like api.example.com, *.example.com, example.com:8443, https://example.com, 10.0.0.0/8:80 or [::1]:8080',
  },
  invalid_route: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the route "{value}": {reason}',
    fix: "Write it like 'api.example.com/v1/*', '*.example.com/*' or '/exact'",
  },
  unknown_path: {
    status: 404,
    blame: 'user',
    message: 'Cannot find "{method} {path}": the admin API has no such path',
    fix: 'Use a "faas" command of the same version as the host',
  },

  // Data directory and artifact store.
  data_directory_unwritable: {
    status: 500,
    blame: 'system',
    message: 'Cannot open the data directory "{path}": {reason}',
    fix: 'Make it writable for this user, or name another with --data-dir',
  },
  data_directory_locked: {
    status: 503,
    blame: 'user',
    message: 'Cannot open the data directory "{path}": {owner} uses it',
    fix: 'Stop that host, or name another directory with --data-dir',
  },
  data_directory_too_new: {
    status: 500,
    blame: 'user',
    message:
      'Cannot open the data directory "{path}": it has format {version}, and this release knows formats up to {known}',
    fix: 'Start the newer release that wrote it, or name another directory with --data-dir',
  },
  data_directory_foreign: {
    status: 500,
    blame: 'user',
    message: 'Cannot open the data directory "{path}": its "{name}" was not made by this host',
    fix: 'Name an empty or a new directory with --data-dir',
  },
  storage_full: {
    status: 507,
    blame: 'system',
    message: 'Cannot {action} "{value}": {reason}',
    fix: 'Free space on the disk of the data directory, or name another with --data-dir',
  },
  storage_readonly: {
    status: 500,
    blame: 'system',
    message: 'Cannot {action} "{value}": {reason}',
    fix: 'Make the data directory writable for the user that runs the host',
  },
  files_exhausted: {
    status: 503,
    blame: 'system',
    message: 'Cannot {action} "{value}": {reason}',
    fix: 'Try again in a moment; if it happens again, raise the limit of open files of the host ("ulimit -n", "LimitNOFILE=")',
  },
  storage_failed: {
    status: 500,
    blame: 'system',
    message: 'Cannot {action} "{value}": {reason}',
    fix: 'Check the disk of the data directory',
  },
  artifact_too_large: {
    status: 413,
    blame: 'user',
    message: 'Cannot store the upload: it has more than {limit} bytes',
    fix: 'Deploy a smaller file, or raise the limit in the configuration of the host',
  },
  digest_mismatch: {
    status: 400,
    blame: 'user',
    message: 'Cannot store the upload as "{expected}": its bytes have the digest "{actual}"',
    fix: 'Send it again: it was changed on the way',
  },
  unknown_artifact: {
    status: 404,
    blame: 'user',
    message: 'Cannot find the artifact "{digest}": no such bytes were uploaded',
    fix: 'Upload it first; "faas deploy FILE" does that',
  },
  artifact_corrupt: {
    status: 500,
    blame: 'system',
    message: 'Cannot use the stored "{digest}": {reason}',
    fix: 'Deploy the function again, and check the disk of the data directory',
  },
  artifact_quarantined: {
    status: 503,
    blame: 'system',
    message: 'Cannot use the stored "{digest}", which is in quarantine: {reason}',
    fix: 'Deploy the function again from its file; "faas describe NAME" says since when',
  },
  unknown_prepared: {
    status: 500,
    blame: 'system',
    message: 'Cannot find the prepared artifact "{digest}": it is not in the data directory',
    fix: 'Deploy the function again',
  },
  unsafe_file_name: {
    status: 500,
    blame: 'system',
    message:
      'Cannot store the prepared file "{name}": the name is not 1 to 100 of letters, digits, ".", "_" and "-", or is taken',
  },

  // Registry.
  registry_too_new: {
    status: 500,
    blame: 'user',
    message:
      'Cannot open the registry "{path}": it has version {version}, and this release knows versions up to {known}',
    fix: 'Start the newer release that wrote it, or name another directory with --data-dir',
  },
  registry_corrupt: {
    status: 500,
    blame: 'system',
    message: 'Cannot read the registry "{path}": {reason}',
    fix: 'Stop the host, put back a copy of that file, or move it away together with its "-wal" and "-shm" files and deploy the functions again',
  },
  registry_busy: {
    status: 503,
    blame: 'system',
    message: 'Cannot use the registry "{path}": another program keeps it locked',
    fix: 'End the program that has the file open, and try again',
  },
  registry_failed: {
    status: 500,
    blame: 'system',
    message: 'Cannot use the registry "{path}": {reason}',
    fix: 'Check the disk of the data directory',
  },
  registry_unavailable: {
    status: 503,
    blame: 'system',
    message: 'Cannot use the registry: {reason}',
    fix: 'See with "faas list" whether the change was made, and try again',
  },
  route_taken: {
    status: 409,
    blame: 'user',
    message: 'Cannot route "{route}" to "{name}": it leads to the function "{owner}"',
    fix: 'Choose another --route, or deploy "{owner}" without it first',
  },
  unknown_function: {
    status: 404,
    blame: 'user',
    message: 'Cannot find the function "{name}": nothing is deployed under that name',
    fix: 'See what is deployed with "faas list"',
  },
  unknown_version: {
    status: 404,
    blame: 'user',
    message: 'Cannot find the version "{version}" of "{name}": {reason}',
    fix: 'See its versions with "faas versions {name}"',
  },
  version_moved: {
    status: 409,
    blame: 'user',
    message:
      'Cannot change "{name}": its version {expected}, which the change was made for, is not live any more',
    fix: 'Try again',
  },
  unknown_variable: {
    status: 404,
    blame: 'user',
    message: 'Cannot unset "{variable}" of "{name}": it has no {kind} of that name',
    fix: 'See what it has with "faas env list {name}"',
  },
  token_exists: {
    status: 409,
    blame: 'user',
    message: 'Cannot create the token "{name}": one of that name or id exists',
    fix: 'Choose another name',
  },

  // Key-value stores.
  invalid_store: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the store "{value}": {reason}',
    fix: 'Name it like "my-function", "my-function/sessions", or "@config" for a shared one',
  },
  invalid_key: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the key "{key}": {reason}',
  },
  unknown_key: {
    status: 404,
    blame: 'user',
    message: 'Cannot find the key "{key}": the store "{store}" does not have it',
    fix: 'See what it has with "faas kv list {store}"',
  },
  key_value_refused: {
    status: 400,
    blame: 'user',
    message: 'Cannot {action}: {reason}',
  },
  store_full: {
    status: 507,
    blame: 'user',
    message:
      'Cannot write to the store: with it, it would take {bytes} bytes, and it may take {limit}',
    fix: 'Delete keys, or raise "keyValue.storeBytes" in the configuration of the host',
  },
  key_value_busy: {
    status: 503,
    blame: 'system',
    message: 'Cannot use the key-value stores: {waiting} {what} wait already',
    fix: 'Try again in a moment, or raise "keyValue.{key}" in the configuration of the host',
  },
  key_value_unavailable: {
    status: 503,
    blame: 'system',
    message: 'Cannot use the key-value stores: {reason}',
    fix: 'Try again in a moment; the host log says more',
  },
  key_value_failed: {
    status: 500,
    blame: 'system',
    message: 'Cannot use the database of the key-value stores: {reason}',
    fix: 'Check the disk of the data directory',
  },

  // Snapshots of directories (--dir).
  invalid_snapshot_path: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the snapshot path "{path}": {reason}',
    fix: 'Upload the directory again with --dir HOST::GUEST; GUEST is an absolute path like /data',
  },
  admin_body_too_large: {
    status: 413,
    blame: 'user',
    message: 'Cannot read the request: its body is larger than this path of the admin API takes',
  },
  upload_broken: {
    status: 400,
    blame: 'user',
    message: 'Cannot store the upload: its connection broke before the end',
    fix: 'Send it again',
  },
  listen_failed: {
    status: 500,
    blame: 'system',
    message: 'Cannot listen on "{address}": {reason}',
    fix: 'Choose another address with --{key}; port 0 takes a free one',
  },
  tls_unusable: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the {what} "{file}" for TLS: {reason}',
    fix: 'Name a PEM file with the certificate and its chain in tls.cert, and one with its key, without a passphrase, in tls.key',
  },
  socket_path_too_long: {
    status: 500,
    blame: 'user',
    message: 'Cannot use the socket "{path}": its path has {bytes} bytes and may have {limit}',
    fix: 'Name a shorter path: with --data-dir for sockets in the data directory, with --admin for the one of the admin API',
  },
  // Processes of one host, among themselves.
  launcher_failed: {
    status: 500,
    blame: 'system',
    message: 'Cannot start the process that starts workers: {reason}',
    fix: 'See what it wrote to stderr, or run everything in one process with --workers 1',
  },
  worker_failed: {
    status: 500,
    blame: 'system',
    message: 'Cannot start a worker: {reason}',
    fix: 'See the host log, or run everything in one process with --workers 1',
  },
  reload_needs_workers: {
    status: 409,
    blame: 'user',
    message: 'Cannot reload the host: it is one process',
    fix: 'Start it with --workers 2 or more, or stop it and start it again',
  },
  no_worker: {
    status: 503,
    blame: 'system',
    message: 'Cannot call the function: no worker is ready',
    fix: 'Try again in a moment',
  },
  link_lost: {
    status: 503,
    blame: 'system',
    message: 'Cannot finish {method}: the other process of the host is gone',
    fix: 'Try again in a moment',
  },
  link_timeout: {
    status: 503,
    blame: 'system',
    message: 'Cannot finish {method}: another process of the host did not answer in {timeoutMs} ms',
    fix: 'Try again in a moment',
  },
  link_unknown_method: {
    status: 500,
    blame: 'system',
    message: 'Cannot call {method}: the other process of the host does not know it',
    fix: 'Restart the host: its processes are of different releases',
  },
  metrics_refused: {
    status: 400,
    blame: 'system',
    message: 'Cannot take the metrics of "{worker}": {reason}',
    fix: 'Run "faas reload", which replaces the workers',
  },
  not_ready: {
    status: 503,
    blame: 'system',
    message: 'Cannot serve functions yet: the data plane is starting or closing',
    fix: 'Try again in a moment',
  },

  // The `faas` command itself.
  host_unreachable: {
    status: 503,
    blame: 'system',
    message: 'Cannot reach the host at "{url}": {reason}',
    fix: 'Start it with "faas serve", or name another one with --admin',
  },
  strange_answer: {
    status: 502,
    blame: 'system',
    message: 'Cannot understand the answer of "{url}": {reason}',
    fix: 'Check that --admin names a wasi-faas host of the same release',
  },
  token_missing: {
    status: 401,
    blame: 'user',
    message: 'Cannot use the host at "{url}": there is no token to send, {reason}',
    fix: 'Name the data directory of the host with --data-dir, or give a token with --token or FAAS_TOKEN',
  },
  invalid_flag: {
    status: 400,
    blame: 'user',
    message: 'Cannot use {flag} "{value}": {reason}',
    fix: '{fix}',
  },
  file_unreadable: {
    status: 400,
    blame: 'user',
    message: 'Cannot read "{file}": {reason}',
    fix: 'Check the path',
  },
  no_single_component: {
    status: 400,
    blame: 'user',
    message: 'Cannot deploy the directory "{file}": {reason}',
    fix: 'Name the .wasm file itself, or call it app.wasm',
  },
  snapshot_refused: {
    status: 400,
    blame: 'user',
    message: 'Cannot upload "{file}": {reason}',
    fix: 'Put only ordinary files and folders, within the limits, below a --dir',
  },
  manifest_missing: {
    status: 400,
    blame: 'user',
    message: 'Cannot find what to deploy in "{folder}": it has neither faas.toml nor spin.toml',
    fix: 'Name a .wasm file or the folder of a project; "faas new NAME -t TEMPLATE" makes one',
  },
  manifest_syntax: {
    status: 400,
    blame: 'user',
    message: 'Cannot read the manifest: {file}:{line}:{column} is no TOML, {reason}',
    fix: 'Put texts in quotes; docs/manifest.md has examples',
  },
  unknown_manifest_key: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the key "{key}" at {place}: there is no such key',
    fix: '{hint}; docs/manifest.md lists every key',
  },
  invalid_manifest_value: {
    status: 400,
    blame: 'user',
    message: 'Cannot use "{key}" at {place}: it must be {expected}, and is {given}',
    fix: 'See "{key}" in docs/manifest.md',
  },
  spin_unsupported: {
    status: 400,
    blame: 'user',
    message: 'Cannot deploy "{component}" of {file}: {reason}',
    fix: 'See docs/manifest.md for what a Spin application gets here',
  },
  variable_unset: {
    status: 400,
    blame: 'user',
    message: 'Cannot find the value of "{name}": the environment variable "{variable}" is not set',
    fix: 'Set {variable} in the environment of this command',
  },
  toolchain_missing: {
    status: 400,
    blame: 'user',
    message: 'Cannot build "{name}": {tools} missing',
    fix: '{fix}',
  },
  build_failed: {
    status: 400,
    blame: 'user',
    message: 'Cannot build "{name}": "{command}" {how}',
    fix: 'See what it wrote above',
  },
  build_without_result: {
    status: 400,
    blame: 'user',
    message: 'Cannot use the result of the build of "{name}": "{file}" {reason}',
    fix: 'Let the build write it, or correct build.artifact',
  },
  project_exists: {
    status: 400,
    blame: 'user',
    message: 'Cannot make a project in "{folder}": {reason}',
    fix: 'Choose another name, or another folder with --dir',
  },
  unknown_template: {
    status: 400,
    blame: 'user',
    message: 'Cannot find the template "{name}": there is none of that name',
    fix: '{hint}',
  },
  version_skew: {
    status: 409,
    blame: 'user',
    message: 'Cannot use the host at "{url}": it is of release {host}, and this command of {cli}',
    fix: 'Use a "faas" of release {host}, or update the host',
  },
  dev_host_failed: {
    status: 500,
    blame: 'system',
    message: 'Cannot start a private host: {reason}',
    fix: 'See what it wrote above; --listen takes another address',
  },
  not_confirmed: {
    status: 400,
    blame: 'user',
    message: 'Cannot delete "{name}": nobody has confirmed it',
    fix: 'Answer "yes", or give --yes',
  },
  file_too_large: {
    status: 400,
    blame: 'user',
    message: 'Cannot upload "{file}": it has {size} bytes and the host takes {limit}',
    fix: 'Make it smaller, or raise the limit under "deploy" in the configuration of the host',
  },
});

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_CODES;
