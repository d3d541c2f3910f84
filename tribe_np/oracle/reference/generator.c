/* The numbers of a conformance kit's weights and inputs, from integers alone: the same bits on every machine.
 *
 *   cc -O2 -o generator generator.c -lm
 *   ./generator SEED NAME KIND EXPONENT LOW HIGH DTYPE SHAPE [AXIS INDICES SHIFT [START STOP]] > raw
 *
 * SHAPE and INDICES are numbers between commas; "-" is an empty list. What is written is raw numbers, row-major, little
 * end first: all of the tensor, or those at places START to STOP - 1 of it. For example
 *
 *   ./generator 0 model.norm.weight gain 15 0 0 float32 48
 *
 * A tensor's recipe stands in manifest.json, and README.md says what its fields mean.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_AXES 8
#define MOST_SCALED 65536

typedef struct {
    const char *name, *kind, *dtype;
    int exponent, axis, shift;
    int64_t low, high;
    int n_axes, n_scaled;
    uint64_t shape[MOST_AXES];
    uint64_t scaled[MOST_SCALED];
} Recipe;

/* The finaliser of splitmix64. */
static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* What all words of a tensor start from: FNV-1a of its name, and the seed. */
static uint64_t stream_key(const char *name, uint64_t seed) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *name; name++) hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001B3);
    return mix(seed + hash);
}

static uint64_t word(uint64_t key, uint64_t place) {
    return mix(key + (place + 1) * UINT64_C(0x9E3779B97F4A7C15));
}

/* Whether the number at a place is one of those that are scaled: its index along `axis` is in the list. */
static int is_scaled(const Recipe *r, uint64_t place) {
    uint64_t inner = 1;
    if (r->n_scaled == 0) return 0;
    for (int a = r->axis + 1; a < r->n_axes; a++) inner *= r->shape[a];
    uint64_t along = (place / inner) % r->shape[r->axis];
    for (int i = 0; i < r->n_scaled; i++)
        if (r->scaled[i] == along) return 1;
    return 0;
}

static int64_t whole_number(const Recipe *r, uint64_t w) {
    return r->low + (int64_t)(((w >> 32) * (uint64_t)(r->high - r->low)) >> 32);
}

/* An integer of at most 18 bits times a power of two: exact in float32. */
static double real_number(const Recipe *r, uint64_t w, uint64_t place) {
    double x;
    int64_t lowest = (int64_t)(w & 0xFFFF) - 32768;
    if (strcmp(r->kind, "gain") == 0) {
        x = 1.0 + ldexp((double)lowest, -17);
    } else if (strcmp(r->kind, "uniform") == 0) {
        x = ldexp((double)lowest, -r->exponent);
    } else {
        int64_t sum = (int64_t)((w & 0xFFFF) + (w >> 16 & 0xFFFF) + (w >> 32 & 0xFFFF) + (w >> 48));
        x = ldexp((double)(sum - 131070), -r->exponent);
    }
    return is_scaled(r, place) ? ldexp(x, r->shift) : x;
}

static void put_bytes(uint64_t bits, int n_bytes) {
    for (int i = 0; i < n_bytes; i++) putchar((int)(bits >> (8 * i) & 0xFF));
}

static void put_number(const Recipe *r, uint64_t w, uint64_t place) {
    int is_whole = strcmp(r->kind, "integer") == 0;
    if (strcmp(r->dtype, "int64") == 0) {
        put_bytes((uint64_t)whole_number(r, w), 8);
    } else if (strcmp(r->dtype, "uint8") == 0) {
        put_bytes((uint64_t)whole_number(r, w), 1);
    } else {
        float x = is_whole ? (float)whole_number(r, w) : (float)real_number(r, w, place);
        uint32_t bits;
        memcpy(&bits, &x, 4);
        put_bytes(bits, 4);
    }
}

static int numbers(const char *text, uint64_t *out, int most) {
    int n = 0;
    if (strcmp(text, "-") == 0) return 0;
    for (char *end = (char *)text; n < most; text = end + 1) {
        out[n++] = strtoull(text, &end, 10);
        if (*end != ',') return n;
    }
    fprintf(stderr, "generator: a list is too long\n");
    exit(2);
}

int main(int argc, char **argv) {
    static Recipe r;
    uint64_t total = 1, start = 0;
    if (argc != 9 && argc != 12 && argc != 14) {
        fprintf(stderr, "usage: generator SEED NAME KIND EXPONENT LOW HIGH DTYPE SHAPE [AXIS INDICES SHIFT [START STOP]]\n");
        return 2;
    }
    r.name = argv[2], r.kind = argv[3], r.exponent = atoi(argv[4]);
    r.low = strtoll(argv[5], NULL, 10), r.high = strtoll(argv[6], NULL, 10), r.dtype = argv[7];
    r.n_axes = numbers(argv[8], r.shape, MOST_AXES);
    for (int a = 0; a < r.n_axes; a++) total *= r.shape[a];
    if (argc > 9) r.axis = atoi(argv[9]), r.n_scaled = numbers(argv[10], r.scaled, MOST_SCALED), r.shift = atoi(argv[11]);
    if (argc > 12) start = strtoull(argv[12], NULL, 10), total = strtoull(argv[13], NULL, 10);
    uint64_t key = stream_key(r.name, strtoull(argv[1], NULL, 10));
    for (uint64_t place = start; place < total; place++) put_number(&r, word(key, place), place);
    return fflush(stdout) == 0 ? 0 : 1;
}
