/** A coded error that the host answered with. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;
  readonly fix: string | undefined;

  constructor(status: number, code: string, message: string, fix: string | undefined) {
    super(message);
    this.status = status;
    this.code = code;
    this.fix = fix;
  }

  /**
   * Reads the body of an error answer.
   *
   * @returns Undefined if it is not one.
   */
  static read(status: number, body: unknown): ApiError | undefined {
    if (typeof body !== 'object' || body === null) return undefined;
    const { code, message, fix } = body as Readonly<Record<string, unknown>>;
    if (typeof code !== 'string' || typeof message !== 'string') return undefined;
    return new ApiError(status, code, message, typeof fix === 'string' ? fix : undefined);
  }
}
