/**
 * Changes the sample rate of speech: the mean over each output sample's span when going down (a simple low pass), a straight line
 * between neighbours when going up. Good enough for a 16 kHz speech engine.
 */
export function resamplePcm(samples: Float32Array, fromHz: number, toHz: number): Float32Array {
  if (fromHz === toHz) return samples;
  const step = fromHz / toHz;
  const resampled = new Float32Array(Math.floor(samples.length / step));
  for (let index = 0; index < resampled.length; index += 1) {
    resampled[index] =
      step > 1 ? meanBetween(samples, index * step, (index + 1) * step) : interpolateAt(samples, index * step);
  }
  return resampled;
}

function meanBetween(samples: Float32Array, from: number, to: number): number {
  const first = Math.floor(from);
  const last = Math.min(samples.length, Math.max(first + 1, Math.floor(to)));
  let sum = 0;
  for (let index = first; index < last; index += 1) sum += samples[index] ?? 0;
  return sum / (last - first);
}

function interpolateAt(samples: Float32Array, position: number): number {
  const index = Math.floor(position);
  const here = samples[index] ?? 0;
  const next = samples[index + 1] ?? here;
  return here + (next - here) * (position - index);
}
