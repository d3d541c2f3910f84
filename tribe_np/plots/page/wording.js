// Times and values as people read them.

export function clockWords(seconds, decimals = 1) {
  const scale = 10 ** decimals;
  const whole = Math.round(Math.max(0, seconds) * scale) / scale;
  const minutes = Math.floor(whole / 60);
  const rest = (whole - 60 * minutes).toFixed(decimals).padStart(decimals ? 3 + decimals : 2, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

// Enough digits to tell apart two values of a range this wide, and a real minus sign.
export function valueWords(value, span = 1) {
  if (!Number.isFinite(value)) return "no value";
  const size = Math.abs(span) || 1;
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace("-", "−");
  const decimals = Math.min(5, Math.max(0, 2 - Math.floor(Math.log10(size))));
  const rounded = value.toFixed(decimals);
  return (Number(rounded) === 0 ? (0).toFixed(decimals) : rounded).replace("-", "−");
}

export function countWords(n, one, many = `${one}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
