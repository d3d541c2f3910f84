/* The first attention block of the brain encoder, and the feed-forward behind it, from a kit's README alone: plain loops
 * in float32, nothing but libc. It shares no code with tribe_np; the tests compile it, and break it.
 *
 *     cc -O1 -o attention attention.c -lm && ./attention KIT OUT
 *
 * OUT gets a file NAME.npy for each tap. A mistake is planted with -D, one of: INTERLEAVED, FULL_ROTARY, NO_ROTARY,
 * NO_SCALE, SOFTMAX_OVER_QUERIES, RESIDUAL_IGNORED, SCALE_ON_BRANCH, HEADS=4, NO_ROOT, GAIN_PLUS_ONE, TANH, ALPHABETICAL.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef float real;

typedef struct {
    int shape[4], n_axes;
    long size;
    real *x;
} Tensor;

static const char *kit, *out;
static int n_windows, n_steps;

static void fail(const char *what, const char *name) {
    fprintf(stderr, "attention: %s: %s\n", what, name);
    exit(2);
}

/* A float32 tensor of one of the kit's files. */
static Tensor stored(const char *file, const char *name) {
    char path[4096], key[300], *header, *at, *shape;
    uint64_t length;
    long first, stop;
    Tensor t = {{1, 1, 1, 1}, 0, 1, NULL};
    snprintf(path, sizeof path, "%s/%s", kit, file);
    FILE *stream = fopen(path, "rb");
    if (!stream || fread(&length, 8, 1, stream) != 1 || !(header = calloc(length + 1, 1))) fail("cannot read", path);
    if (fread(header, 1, length, stream) != length) fail("ends early", path);
    snprintf(key, sizeof key, "\"%s\":{", name);
    if (!(at = strstr(header, key)) || !(shape = strstr(at, "\"shape\":[")) || !(at = strstr(at, "\"data_offsets\":[")))
        fail("no such tensor", name);
    for (shape += 9; *shape != ']' && t.n_axes < 4; shape += *shape == ',')
        t.size *= t.shape[t.n_axes++] = strtol(shape, &shape, 10);
    if (sscanf(at, "\"data_offsets\":[%ld,%ld", &first, &stop) != 2 || stop - first != 4 * t.size) fail("not float32", name);
    t.x = malloc(stop - first);
    fseek(stream, 8 + length + first, SEEK_SET);
    if (fread(t.x, 4, t.size, stream) != (size_t)t.size) fail("ends early", path);
    fclose(stream);
    free(header);
    return t;
}

static Tensor weight(const char *name) { return stored("weights.safetensors", name); }

static Tensor fresh(int a, int b, int c, int d) {
    Tensor t = {{a, b, c, d}, 4, (long)a * b * c * d, NULL};
    t.x = calloc(t.size, sizeof(real));
    return t;
}

/* An .npy file: raw numbers would do, but a shape tells which axis is which. Rows are those of (B, T). */
static Tensor show(const char *name, Tensor t) {
    char path[4096], header[119];
    int is_rows = t.shape[2] == 1, B = is_rows ? n_windows : t.shape[0], T = is_rows ? n_steps : t.shape[1];
    snprintf(path, sizeof path, "%s/encoder.%s.npy", out, name);
    int n = snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d, ", B, T);
    if (!is_rows) n += snprintf(header + n, sizeof header - n, "%d, ", t.shape[2]);
    n += snprintf(header + n, sizeof header - n, "%d)}", t.shape[3]);
    memset(header + n, ' ', 117 - n);
    header[117] = '\n';
    FILE *stream = fopen(path, "wb");
    if (!stream || fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, stream) != 10 || fwrite(header, 1, 118, stream) != 118 ||
        fwrite(t.x, sizeof(real), t.size, stream) != (size_t)t.size || fclose(stream))
        fail("cannot write", path);
    return t;
}

/* Rows of `width` numbers through a linear layer whose weight is (outputs, inputs). */
static Tensor linear(Tensor x, int rows, const char *name, const char *bias) {
    Tensor w = weight(name), b = bias ? weight(bias) : fresh(w.shape[0], 1, 1, 1), y = fresh(rows, 1, 1, w.shape[0]);
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < w.shape[0]; o++) {
            real sum = b.x[o];
            for (int i = 0; i < w.shape[1]; i++) sum += x.x[(long)r * w.shape[1] + i] * w.x[(long)o * w.shape[1] + i];
            y.x[(long)r * w.shape[0] + o] = sum;
        }
    return y;
}

static Tensor scale_norm(Tensor x, int rows, int D, real g) {
    Tensor y = fresh(rows, 1, 1, D);
    real root = sqrtf(D);
#ifdef NO_ROOT
    root = 1;
#endif
#ifdef GAIN_PLUS_ONE
    g += 1;
#endif
    for (int r = 0; r < rows; r++) {
        real length = 0;
        for (int d = 0; d < D; d++) length += x.x[r * D + d] * x.x[r * D + d];
        length = fmaxf(sqrtf(length), 1e-12f);
        for (int d = 0; d < D; d++) y.x[r * D + d] = x.x[r * D + d] / length * root * g;
    }
    return y;
}

/* (B, T, N H) to (B, N, T, H). */
static Tensor split(Tensor x, int B, int T, int N, int H) {
    Tensor y = fresh(B, N, T, H);
    for (int b = 0; b < B; b++)
        for (int n = 0; n < N; n++)
            for (int t = 0; t < T; t++)
                for (int h = 0; h < H; h++) y.x[((b * N + n) * T + t) * H + h] = x.x[((b * T + t) * N + n) * H + h];
    return y;
}

static Tensor rotated(Tensor x, int T, int H, Tensor inv_freq) {
    Tensor y = fresh(x.shape[0], x.shape[1], T, H);
    int half = inv_freq.shape[0];
    memcpy(y.x, x.x, x.size * sizeof(real));
#ifdef NO_ROTARY
    return y;
#endif
    for (long row = 0; row < x.size / H; row++)
        for (int j = 0; j < half; j++) {
            real angle = (row % T) * inv_freq.x[j], c = cosf(angle), z = sinf(angle);
            long first = row * H + j, second = row * H + j + half;
#ifdef INTERLEAVED
            first = row * H + 2 * j, second = first + 1;
#endif
            y.x[first] = x.x[first] * c - x.x[second] * z;
            y.x[second] = x.x[second] * c + x.x[first] * z;
        }
    return y;
}

static void softmax(real *x, int n, int step) {
    real top = x[0], sum = 0;
    for (int i = 1; i < n; i++) top = fmaxf(top, x[i * step]);
    for (int i = 0; i < n; i++) sum += x[i * step] = expf(x[i * step] - top);
    for (int i = 0; i < n; i++) x[i * step] /= sum;
}

/* Steps 1 to 3: each modality projected, side by side, and the positions added. */
static Tensor stream_of(int *B, int *T, int *D) {
#ifdef ALPHABETICAL
    const char *names[] = {"audio", "text", "video"};
#else
    const char *names[] = {"text", "audio", "video"};
#endif
    char key[200], bias[200];
    Tensor table = weight("time_pos_embed"), x = {{0}, 0, 0, NULL};
    *D = table.shape[2];
    for (int m = 0; m < 3; m++) {
        snprintf(key, sizeof key, "features.%s", names[m]);
        Tensor f = stored("inputs.safetensors", key);
        int inner = f.shape[1] * f.shape[2], share = *D / 3;
        *B = n_windows = f.shape[0], *T = n_steps = f.shape[3];
        Tensor joined = fresh(*B, *T, 1, inner);
        for (int b = 0; b < *B; b++)
            for (int i = 0; i < inner; i++)
                for (int t = 0; t < *T; t++) joined.x[(b * *T + t) * inner + i] = f.x[(b * inner + i) * *T + t];
        snprintf(key, sizeof key, "projectors.%s.joined", names[m]), show(key, joined);
        snprintf(key, sizeof key, "projectors.%s.weight", names[m]), snprintf(bias, sizeof bias, "projectors.%s.bias", names[m]);
        Tensor y = linear(joined, *B * *T, key, bias);
        snprintf(key, sizeof key, "projectors.%s.output", names[m]), show(key, y);
        if (!x.x) x = fresh(*B, *T, 1, *D);
        for (int r = 0; r < *B * *T; r++) memcpy(x.x + r * *D + m * share, y.x + r * share, share * sizeof(real));
    }
    show("modalities", x);
    for (int r = 0; r < *B * *T; r++)
        for (int d = 0; d < *D; d++) x.x[r * *D + d] += table.x[(r % *T) * *D + d];
    return show("time_pos_embed.output", x);
}

static Tensor with_residual(Tensor branch, Tensor x, int rows, int D, int i) {
    char key[200];
    snprintf(key, sizeof key, "encoder.layers.%d.2.residual_scale", i);
    Tensor scale = weight(key), residual = fresh(rows, 1, 1, D), y = fresh(rows, 1, 1, D);
    for (long k = 0; k < y.size; k++) {
        real added = branch.x[k];
        residual.x[k] = x.x[k] * scale.x[k % D];
#ifdef RESIDUAL_IGNORED
        residual.x[k] = x.x[k];
#endif
#ifdef SCALE_ON_BRANCH
        residual.x[k] = x.x[k], added *= scale.x[k % D];
#endif
        y.x[k] = residual.x[k] + added;
    }
#ifndef SCALE_ON_BRANCH /* such a port has no scaled residual to show */
    snprintf(key, sizeof key, "layers.%d.residual", i), show(key, residual);
#endif
    snprintf(key, sizeof key, "layers.%d.output", i);
    return show(key, y);
}

static Tensor attention(Tensor x, int B, int T, int D, int N) {
    int H = D / N;
    Tensor inv_freq = weight("encoder.rotary_pos_emb.inv_freq");
#ifdef FULL_ROTARY
    inv_freq = fresh(H / 2, 1, 1, 1);
    for (int j = 0; j < H / 2; j++) inv_freq.x[j] = powf(10000, -2.0f * j / H);
#endif
    Tensor q = show("layers.0.query", split(linear(x, B * T, "encoder.layers.0.1.to_q.weight", NULL), B, T, N, H));
    Tensor k = show("layers.0.key", split(linear(x, B * T, "encoder.layers.0.1.to_k.weight", NULL), B, T, N, H));
    Tensor v = show("layers.0.value", split(linear(x, B * T, "encoder.layers.0.1.to_v.weight", NULL), B, T, N, H));
    q = show("layers.0.query_rotated", rotated(q, T, H, inv_freq));
    k = show("layers.0.key_rotated", rotated(k, T, H, inv_freq));
    Tensor p = fresh(B, N, T, T), mixed = fresh(B, T, 1, D);
    real scale = 1 / sqrtf(H);
#ifdef NO_SCALE
    scale = 1;
#endif
    for (int bn = 0; bn < B * N; bn++)
        for (int s = 0; s < T; s++)
            for (int t = 0; t < T; t++) {
                real sum = 0;
                for (int h = 0; h < H; h++) sum += q.x[(bn * T + s) * H + h] * k.x[(bn * T + t) * H + h];
                p.x[(bn * T + s) * T + t] = sum * scale;
            }
    show("layers.0.logits", p);
    for (int bn = 0; bn < B * N; bn++)
        for (int s = 0; s < T; s++)
#ifdef SOFTMAX_OVER_QUERIES
            softmax(p.x + bn * T * T + s, T, T);
#else
            softmax(p.x + (bn * T + s) * T, T, 1);
#endif
    show("layers.0.probabilities", p);
    for (int b = 0; b < B; b++)
        for (int n = 0; n < N; n++)
            for (int s = 0; s < T; s++)
                for (int t = 0; t < T; t++)
                    for (int h = 0; h < H; h++)
                        mixed.x[((b * T + s) * N + n) * H + h] +=
                            p.x[((b * N + n) * T + s) * T + t] * v.x[((b * N + n) * T + t) * H + h];
    show("layers.0.mixed", mixed);
    return show("layers.0.branch", linear(mixed, B * T, "encoder.layers.0.1.to_out.weight", NULL));
}

static Tensor feed_forward(Tensor x, int rows) {
    const char *at = "encoder.layers.1.1.ff.";
    char key[4][200];
    const char *ends[] = {"0.0.weight", "0.0.bias", "2.weight", "2.bias"};
    for (int i = 0; i < 4; i++) snprintf(key[i], sizeof key[i], "%s%s", at, ends[i]);
    Tensor hidden = show("layers.1.hidden", linear(x, rows, key[0], key[1]));
    for (long i = 0; i < hidden.size; i++) {
        real h = hidden.x[i], gate = erff(h / sqrtf(2));
#ifdef TANH
        gate = tanhf(0.7978845608f * (h + 0.044715f * h * h * h));
#endif
        hidden.x[i] = h * (1 + gate) / 2;
    }
    show("layers.1.activated", hidden);
    return show("layers.1.branch", linear(hidden, rows, key[2], key[3]));
}

/* The number of heads, from config.json. */
static int heads(void) {
#ifdef HEADS
    return HEADS;
#endif
    char path[4096], text[65536] = "", *at;
    snprintf(path, sizeof path, "%s/config.json", kit);
    FILE *stream = fopen(path, "rb");
    if (!stream || !fread(text, 1, sizeof text - 1, stream)) fail("cannot read", path);
    fclose(stream);
    if (!(at = strstr(text, "\"heads\":"))) fail("no heads in", path);
    return atoi(at + 8);
}

int main(int count, char **given) {
    int B, T, D;
    if (count != 3) fail("usage", "attention KIT OUT");
    kit = given[1], out = given[2];
    Tensor x = stream_of(&B, &T, &D);
    Tensor normed = show("layers.0.norm.output", scale_norm(x, B * T, D, weight("encoder.layers.0.0.0.g").x[0]));
    x = with_residual(attention(normed, B, T, D, heads()), x, B * T, D, 0);
    normed = show("layers.1.norm.output", scale_norm(x, B * T, D, weight("encoder.layers.1.0.0.g").x[0]));
    with_residual(feed_forward(normed, B * T), x, B * T, D, 1);
    return 0;
}
