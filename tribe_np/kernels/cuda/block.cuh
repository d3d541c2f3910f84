// Sums and maxima over one block of THREADS threads; put in front of every kernel of this folder.
//
// Compiled with  -DREAL=float or double, -DTHREADS=a power of two; never with fast maths
// Launch         one-dimensional blocks of exactly THREADS threads, all of which call these
// Numerics       each thread adds its own elements in order, then a tree over the threads: the result does not depend
//                on the device

__device__ REAL block_sum(REAL mine, REAL* partial) {
    partial[threadIdx.x] = mine;
    __syncthreads();
    for (int step = THREADS / 2; step > 0; step /= 2) {
        if (threadIdx.x < step) partial[threadIdx.x] += partial[threadIdx.x + step];
        __syncthreads();
    }
    REAL total = partial[0];
    __syncthreads();  // partial may be used again
    return total;
}

__device__ REAL block_max(REAL mine, REAL* partial) {
    partial[threadIdx.x] = mine;
    __syncthreads();
    for (int step = THREADS / 2; step > 0; step /= 2) {
        if (threadIdx.x < step && partial[threadIdx.x + step] > partial[threadIdx.x])
            partial[threadIdx.x] = partial[threadIdx.x + step];
        __syncthreads();
    }
    REAL largest = partial[0];
    __syncthreads();
    return largest;
}
