// x times the standard normal cumulative distribution at x: the exact form.
//
// Shapes    x (n), out (n)
// Launch    one thread an element, blocks of THREADS
// Source    torch 2.13.0 nn.GELU(approximate="none")

extern "C" __global__ void gelu(const REAL* x, REAL* out, long long n) {
    long long i = (long long)blockIdx.x * THREADS + threadIdx.x;
    if (i >= n) return;
    out[i] = REAL(0.5) * x[i] * (REAL(1) + erf(x[i] * REAL(0.7071067811865476)));
}
