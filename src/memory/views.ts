/** One buffer seen as words, as doubles, as bytes, and as words at any offset. Any thread. */
export class Views {
  readonly i32: Int32Array<SharedArrayBuffer>;
  readonly f64: Float64Array<SharedArrayBuffer>;
  readonly bytes: Buffer<SharedArrayBuffer>;
  readonly data: DataView<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer) {
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.bytes = Buffer.from(buffer, 0, buffer.byteLength);
    this.data = new DataView(buffer);
  }
}
