// Non-negative weights along each row that sum to one.
//
// Shapes    x (rows, n), out (rows, n), n >= 1
// Launch    one block of THREADS threads a row
// Numerics  the row maximum is subtracted first; -inf gives exactly 0; a NaN or a row of only -inf gives a row of NaN
// Source    torch 2.13.0 torch.softmax

extern "C" __global__ void softmax(const REAL* x, REAL* out, long long n) {
    __shared__ REAL partial[THREADS];
    const REAL* row = x + (long long)blockIdx.x * n;
    REAL* weights = out + (long long)blockIdx.x * n;
    REAL largest = row[0];
    for (long long s = threadIdx.x; s < n; s += THREADS)
        if (row[s] > largest) largest = row[s];
    largest = block_max(largest, partial);
    REAL total = 0;
    for (long long s = threadIdx.x; s < n; s += THREADS) {
        weights[s] = exp(row[s] - largest);
        total += weights[s];
    }
    total = block_sum(total, partial);
    for (long long s = threadIdx.x; s < n; s += THREADS) weights[s] /= total;
}
