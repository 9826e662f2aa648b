// One new token per row of sequences that are being written: norms, and attention to the keys and values kept.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "vectors.h"

namespace {

constexpr int64_t WORTH_THREADS = 1 << 15;  // multiplications

float tree_sum(Vector v) {
    float x[WIDTH];
    store(x, v);
    for (int half = WIDTH / 2; half; half /= 2)
        for (int i = 0; i < half; i++) x[i] += x[i + half];
    return x[0];
}

void turn(const float *from, const float *cosine, const float *sine, int64_t width, float scale, float *to) {
    const int64_t half = width / 2;
    for (int64_t i = 0; i < half; i++) {
        to[i] = (from[i] * cosine[i] - from[i + half] * sine[i]) * scale;
        to[i + half] = (from[i + half] * cosine[i + half] + from[i] * sine[i + half]) * scale;
    }
}

// softmax(keys . query + pad) . values, over `count` slots; `scores` has room for them, rounded up to whole vectors.
void attend(const float *query, const float *keys, const float *values, const float *pad, int64_t count, int64_t width,
            float *scores, float *out) {
    float top = -std::numeric_limits<float>::infinity();
    for (int64_t s = 0; s < count; s++) {
        Vector sum = load(query) * load(keys + s * width);
        for (int64_t d = WIDTH; d < width; d += WIDTH) sum += load(query + d) * load(keys + s * width + d);
        scores[s] = tree_sum(sum) + (pad ? pad[s] : 0.0f);
        top = std::max(top, scores[s]);
    }
    std::fill(scores + count, scores + (count + WIDTH - 1) / WIDTH * WIDTH, -std::numeric_limits<float>::infinity());
    Vector total{};
    for (int64_t s = 0; s < count; s += WIDTH) {
        const Vector e = exponential(load(scores + s) - all(top));
        store(scores + s, e);
        total += e;
    }
    const float scale = 1 / tree_sum(total);
    for (int64_t d = 0; d < width; d += WIDTH) {
        Vector even{}, odd{};
        int64_t s = 0;
        for (; s + 1 < count; s += 2) {
            even += all(scores[s]) * load(values + s * width + d);
            odd += all(scores[s + 1]) * load(values + (s + 1) * width + d);
        }
        if (s < count) even += all(scores[s]) * load(values + s * width + d);
        store(out + d, (even + odd) * all(scale));
    }
}

}  // namespace

extern "C" {

// The query and key of each row are turned, key and value put into slot `end - 1`, and the query attends to slots
// `first` to `end`. q and out are (rows, heads, width), k and v (rows, key heads, width), cosine and sine (rows, width),
// all dense; keys and values (rows, key heads, slots, width), the last two dense; pad (rows, slots), or null.
// `sizes`: rows, heads, key heads, width, slots, step of a row of keys, first, end, threads.
void newest(const int64_t *sizes, float scale, const float *q, const float *k, const float *v, const float *cosine,
            const float *sine, const float *pad, float *keys, float *values, float *out) {
    const int64_t rows = sizes[0], heads = sizes[1], key_heads = sizes[2], width = sizes[3], slots = sizes[4];
    const int64_t row_step = sizes[5], first = sizes[6], end = sizes[7], threads = sizes[8];
    const int64_t repeats = heads / key_heads, count = end - first;
    const bool many = rows * heads * count * width > WORTH_THREADS;
#pragma omp parallel num_threads(threads) if (many)
    {
        std::vector<float> scores(count + WIDTH), query(width);
#pragma omp for schedule(static)
        for (int64_t task = 0; task < rows * key_heads; task++) {
            const int64_t row = task / key_heads, head = task % key_heads;
            const float *c = cosine + row * width, *s = sine + row * width;
            float *own_keys = keys + row * row_step + head * slots * width;
            float *own_values = values + row * row_step + head * slots * width;
            turn(k + task * width, c, s, width, 1.0f, own_keys + (end - 1) * width);
            std::copy_n(v + task * width, width, own_values + (end - 1) * width);
            for (int64_t i = 0; i < repeats; i++) {
                const int64_t at = (row * heads + head * repeats + i) * width;
                turn(q + at, c, s, width, scale, query.data());
                attend(query.data(), own_keys + first * width, own_values + first * width,
                       pad ? pad + row * slots + first : nullptr, count, width, scores.data(), out + at);
            }
        }
    }
}

// y = x w (+ bias): x (rows, depth) dense, w (depth, width) cut into panels of 64 columns, each dense, the last one
// narrower; width is a multiple of WIDTH, y (rows, width) dense.
void panel_product(int64_t rows, int64_t depth, int64_t width, const float *x, const float *w, const float *bias,
                   float *y, int64_t threads) {
    constexpr int64_t PANEL = 64, PART = 96;
    const int64_t panels = (width + PANEL - 1) / PANEL, parts = (rows + PART - 1) / PART;
    const bool many = rows * depth * width > WORTH_THREADS * 8;
#pragma omp parallel for schedule(static) num_threads(threads) if (many)
    for (int64_t task = 0; task < panels * parts; task++) {
        const int64_t at = task / parts * PANEL, first = task % parts * PART;
        const int64_t columns = std::min(PANEL, width - at), count = std::min(PART, rows - first);
        float *to = y + first * width + at;
        if (bias)
            for (int64_t r = 0; r < count; r++) std::copy_n(bias + at, columns, to + r * width);
        multiply(count, columns, depth, x + first * depth, depth, 1, w + at * depth, columns, to, width, bias != nullptr);
    }
}

// x += more (unless it is null); y = weight * x / sqrt(mean(x^2) + epsilon). All (rows, width), dense.
void add_and_norm(int64_t rows, int64_t width, float epsilon, float *x, const float *more, const float *weight,
                  float *y) {
    for (int64_t r = 0; r < rows; r++) {
        float *row = x + r * width, *to = y + r * width;
        if (more)
            for (int64_t i = 0; i < width; i++) row[i] += more[r * width + i];
        Vector squares{};
        int64_t i = 0;
        for (; i + WIDTH <= width; i += WIDTH) squares += load(row + i) * load(row + i);
        float sum = tree_sum(squares);
        for (; i < width; i++) sum += row[i] * row[i];
        const float scale = 1 / std::sqrt(sum / width + epsilon);
        for (i = 0; i < width; i++) to[i] = weight[i] * (row[i] * scale);
    }
}
}
