// Each row with mean 0 and variance 1, then scaled and shifted.
//
// Shapes    x (rows, n), weight (n), bias (n), out (rows, n)
// Launch    one block of THREADS threads a row
// Numerics  two passes; biased variance; eps is added to the variance
// Source    torch 2.13.0 nn.LayerNorm

extern "C" __global__ void layer_norm(
    const REAL* x, const REAL* weight, const REAL* bias, double eps, REAL* out, long long n) {
    __shared__ REAL partial[THREADS];
    const REAL* row = x + (long long)blockIdx.x * n;
    REAL* normed = out + (long long)blockIdx.x * n;
    REAL total = 0;
    for (long long d = threadIdx.x; d < n; d += THREADS) total += row[d];
    REAL mean = block_sum(total, partial) / REAL(n);
    REAL squares = 0;
    for (long long d = threadIdx.x; d < n; d += THREADS) squares += (row[d] - mean) * (row[d] - mean);
    REAL deviation = sqrt(block_sum(squares, partial) / REAL(n) + REAL(eps));
    for (long long d = threadIdx.x; d < n; d += THREADS)
        normed[d] = (row[d] - mean) / deviation * weight[d] + bias[d];
}
