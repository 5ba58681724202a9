/** The slope of points that lie about a line: least squares. */

/** @returns Undefined of fewer than three points, or if all lie above one place. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number | undefined {
  if (points.length < 3) return undefined;
  const mean = (index: 0 | 1): number =>
    points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const meanX = mean(0);
  const meanY = mean(1);
  let above = 0;
  let below = 0;
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return below === 0 ? undefined : above / below;
}
