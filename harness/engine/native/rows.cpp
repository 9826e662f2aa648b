// Passes over rows that would each be several in a tensor library: log-softmax at a target, RMS norm, gated SiLU.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "vectors.h"

namespace {

constexpr float NEVER = -std::numeric_limits<float>::infinity();

Vector tail(const float *from, int64_t count, float beyond) {
    Vector v = all(beyond);
    for (int64_t i = 0; i < count; i++) v[i] = from[i];
    return v;
}

void store_tail(float *to, int64_t count, Vector v) {
    for (int64_t i = 0; i < count; i++) to[i] = v[i];
}

// f(offset, vector, count) over a row; the last vector may be filled up.
template <typename F>
void over(const float *row, int64_t width, float beyond, F f) {
    int64_t j = 0;
    for (; j + WIDTH <= width; j += WIDTH) f(j, load(row + j), int64_t(WIDTH));
    if (j < width) f(j, tail(row + j, width - j, beyond), width - j);
}

void put(float *to, int64_t count, Vector v) {
    if (count == WIDTH)
        store(to, v);
    else
        store_tail(to, count, v);
}

Vector sigmoid(Vector x) {
    const Vector low = all(-88.0f);  // below it, exp(-x) is infinite
    return 1.0f / (1.0f + exponential(-(x < low ? low : x)));
}

Vector some(const float *from, int64_t count) { return count == WIDTH ? load(from) : tail(from, count, 0.0f); }

}  // namespace

extern "C" {

// normaliser[r] = log sum exp(logits[r]). One sweep: each part of a row is read twice, but from the cache.
void log_sum_exp(int64_t rows, int64_t width, const float *logits, float *normaliser, int64_t threads) {
    constexpr int64_t PART = 4096;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t r = 0; r < rows; r++) {
        float top = NEVER, sum = 0;
        for (int64_t at = 0; at < width; at += PART) {
            const float *part = logits + r * width + at;
            const int64_t count = std::min(PART, width - at);
            Vector most = all(NEVER);
            over(part, count, NEVER, [&](int64_t, Vector x, int64_t) { most = larger(x, most); });
            const float before = top;
            top = std::max(top, largest_of(most));
            const float shift = top == NEVER ? 0.0f : top;  // -inf - -inf is no number
            Vector total{};
            over(part, count, NEVER, [&](int64_t, Vector x, int64_t) { total += exponential(x - all(shift)); });
            sum = sum * std::exp(before - shift) + sum_of(total);
        }
        normaliser[r] = top + std::log(sum);
    }
}

// The logits become d sum(weight * log softmax at target) / d logits = weight * (one-hot of the target - softmax).
void log_softmax_slopes(int64_t rows, int64_t width, float *logits, const float *normaliser, const int64_t *target,
                        const float *weight, int64_t threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t r = 0; r < rows; r++) {
        float *row = logits + r * width;
        const Vector scale = all(-weight[r]), shift = all(normaliser[r]);
        over(row, width, 0.0f,
             [&](int64_t j, Vector x, int64_t count) { put(row + j, count, exponential(x - shift) * scale); });
        row[target[r]] += weight[r];
    }
}

// y = weight * x / sqrt(mean(x^2) + epsilon); `inverse` (rows,) is kept for the way back.
void rms_norm_forward(int64_t rows, int64_t width, float epsilon, const float *x, const float *weight, float *y,
                      float *inverse, int64_t threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t r = 0; r < rows; r++) {
        const float *row = x + r * width;
        Vector squares{};
        over(row, width, 0.0f, [&](int64_t, Vector v, int64_t) { squares += v * v; });
        const float scale = 1 / std::sqrt(sum_of(squares) / width + epsilon);
        inverse[r] = scale;
        over(row, width, 0.0f, [&](int64_t j, Vector v, int64_t count) {
            put(y + r * width + j, count, some(weight + j, count) * (v * all(scale)));
        });
    }
}

// grad_weight is (threads, width) and zero before: one part per thread.
void rms_norm_backward(int64_t rows, int64_t width, const float *x, const float *weight, const float *inverse,
                       const float *grad, float *grad_x, float *grad_weight, int64_t threads) {
    const int64_t share = (rows + threads - 1) / threads;
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int64_t part = 0; part < threads; part++) {
        float *sums = grad_weight + part * width;
        for (int64_t r = part * share; r < std::min(rows, (part + 1) * share); r++) {
            const float *row = x + r * width, *up = grad + r * width;
            const Vector scale = all(inverse[r]);
            Vector inner{};
            over(row, width, 0.0f, [&](int64_t j, Vector v, int64_t count) {
                const Vector change = some(up + j, count) * (v * scale);
                inner += change * some(weight + j, count);
                put(sums + j, count, some(sums + j, count) + change);
            });
            const Vector mean = all(sum_of(inner) / width);
            over(row, width, 0.0f, [&](int64_t j, Vector v, int64_t count) {
                const Vector slope = some(up + j, count) * some(weight + j, count);
                put(grad_x + r * width + j, count, scale * (slope - v * scale * mean));
            });
        }
    }
}

// y = gate / (1 + exp(-gate)) * up, over `count` numbers.
void gated_silu_forward(int64_t count, const float *gate, const float *up, float *y, int64_t threads) {
    constexpr int64_t PART = 4096;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t at = 0; at < count; at += PART)
        over(gate + at, std::min(PART, count - at), 0.0f, [&](int64_t j, Vector g, int64_t n) {
            const Vector open = sigmoid(g);
            put(y + at + j, n, g * open * some(up + at + j, n));
        });
}

void gated_silu_backward(int64_t count, const float *gate, const float *up, const float *grad, float *grad_gate,
                         float *grad_up, int64_t threads) {
    constexpr int64_t PART = 4096;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t at = 0; at < count; at += PART)
        over(gate + at, std::min(PART, count - at), 0.0f, [&](int64_t j, Vector g, int64_t n) {
            const Vector open = sigmoid(g);
            const Vector change = some(grad + at + j, n);
            put(grad_up + at + j, n, change * g * open);
            put(grad_gate + at + j, n, change * some(up + at + j, n) * open * (1.0f + g * (1.0f - open)));
        });
}

// Rotary position embedding of (tokens, heads, width) by (tokens, width) cosines and sines: with x = (a, b) in halves,
// y = (a cos - b sin, b cos + a sin). `turn` -1 gives the gradient with respect to x of one with respect to y.
void rotate(const int64_t *sizes, const float *x, const float *cosine, const float *sine, float *y, int64_t turn,
            int64_t threads) {
    const int64_t tokens = sizes[0], heads = sizes[1], width = sizes[2], token = sizes[3], head = sizes[4];
    const int64_t half = width / 2;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t t = 0; t < tokens; t++) {
        const float *c = cosine + t * width, *s = sine + t * width;
        for (int64_t h = 0; h < heads; h++) {
            const float *from = x + t * token + h * head;
            float *to = y + (t * heads + h) * width;
            if (turn > 0)
                for (int64_t i = 0; i < half; i++) {
                    to[i] = from[i] * c[i] - from[i + half] * s[i];
                    to[i + half] = from[i + half] * c[i + half] + from[i] * s[i + half];
                }
            else
                for (int64_t i = 0; i < half; i++) {
                    to[i] = from[i] * c[i] + from[i + half] * s[i + half];
                    to[i + half] = from[i + half] * c[i + half] - from[i] * s[i];
                }
        }
    }
}
}
