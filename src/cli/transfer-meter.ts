/** How fast something comes. */
export interface TransferRate {
  readonly bytesPerSecond: number;
  readonly secondsLeft: number;
}

const WINDOW_MS = 5000;

/** Measures a transfer by what arrived in the last seconds. */
export function createTransferMeter(): (receivedBytes: number, totalBytes: number, nowMs: number) => TransferRate | undefined {
  const samples: { readonly bytes: number; readonly atMs: number }[] = [];
  return (receivedBytes, totalBytes, nowMs) => {
    samples.push({ bytes: receivedBytes, atMs: nowMs });
    // One older sample is kept, so that there is always something to compare with.
    while (samples.length > 2 && nowMs - samples[1]!.atMs > WINDOW_MS) samples.shift();
    const [first] = samples;
    if (first === undefined || nowMs <= first.atMs || receivedBytes <= first.bytes) return undefined;
    const bytesPerSecond = ((receivedBytes - first.bytes) * 1000) / (nowMs - first.atMs);
    return { bytesPerSecond, secondsLeft: (totalBytes - receivedBytes) / bytesPerSecond };
  };
}

/** `4 s`, `3 min 5 s`, `2 h 3 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
