// Each row rescaled to length gain * sqrt(n).
//
// Shapes    x (rows, n), gain (1), out (rows, n)
// Launch    one block of THREADS threads a row
// Numerics  divides by max(length, eps): an all-zero row stays zero
// Source    x-transformers 1.27.20 ScaleNorm

extern "C" __global__ void scale_norm(const REAL* x, const REAL* gain, double eps, REAL* out, long long n) {
    __shared__ REAL partial[THREADS];
    const REAL* row = x + (long long)blockIdx.x * n;
    REAL* normed = out + (long long)blockIdx.x * n;
    REAL squares = 0;
    for (long long d = threadIdx.x; d < n; d += THREADS) squares += row[d] * row[d];
    REAL length = sqrt(block_sum(squares, partial));
    if (length < REAL(eps)) length = REAL(eps);
    REAL root = sqrt(REAL(n));
    for (long long d = threadIdx.x; d < n; d += THREADS) normed[d] = row[d] / length * root * gain[0];
}
