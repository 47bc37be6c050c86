/** An S3 error as a value to throw: code, status, message. */

export class S3Fault extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string = code) {
    super(message);
    this.name = 'S3Fault';
    this.status = status;
    this.code = code;
  }
}
