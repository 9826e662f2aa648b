// Attention of packed examples: each prompt among itself, each response to its prompt and itself, causally.
//
// Work is cut by (prompt with its responses, key head), so that nothing is added up by two threads. Scores of a block of
// queries against all its keys lie in the cache; probabilities are computed again on the way back, never stored.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "vectors.h"

namespace {

constexpr int64_t QUERIES = 24;  // a block: its scores against some thousand keys stay in the second-level cache

int64_t padded(int64_t n) { return (n + WIDTH - 1) / WIDTH * WIDTH; }

struct Heads {  // a tensor of (tokens, heads, width); the last is dense
    float *data;
    int64_t token, head;
    float *at(int64_t t, int64_t h) const { return data + t * token + h * head; }
};

struct Span {
    int64_t start, length;
};

struct Shape {
    int64_t repeats, width, window;  // query heads per key head; a head's width; 0 for no window
    float scale;
};

// Keys (or values) of a span with the token last: (width x padded length), zero beyond the length.
void transpose(const Heads &x, int64_t head, Span span, int64_t width, float *to) {
    const int64_t row = padded(span.length);
    for (int64_t d = 0; d < width; d++) std::fill(to + d * row + span.length, to + (d + 1) * row, 0.0f);
    for (int64_t t = 0; t < span.length; t++) {
        const float *from = x.at(span.start + t, head);
        for (int64_t d = 0; d < width; d++) to[d * row + t] = from[d];
    }
}

struct Sight {  // the keys of a block of queries: those of the prompt, then the first few of its own
    Span prompt, own;
    const float *prompt_keys, *own_keys, *prompt_values, *own_values;  // transposed
    int64_t before;                                                    // the position of own's first token
};

struct Scratch {
    std::vector<float> keys, values, own_keys, own_values, scores, slopes, queries, out;
};

struct Block {
    int64_t first, count;  // queries
    int64_t edge, seen, columns;

    Block(const Sight &sight, int64_t at)
        : first(at),
          count(std::min(QUERIES, sight.own.length - at)),
          edge(padded(sight.prompt.length)),
          seen(at + count),
          columns(edge + padded(seen)) {}
};

void products(const Block &b, const Sight &s, const float *rows, int64_t row, int64_t width, const float *prompt,
              const float *own, float *to) {
    if (s.prompt.length)
        multiply(b.count, b.edge, width, rows, row, 1, prompt, padded(s.prompt.length), to, b.columns, false);
    multiply(b.count, padded(b.seen), width, rows, row, 1, own, padded(s.own.length), to + b.edge, b.columns, false);
}

// -inf where a query may not look.
void hide(const Block &b, const Sight &s, int64_t window, float *scores) {
    const float never = -std::numeric_limits<float>::infinity();
    for (int64_t r = 0; r < b.count; r++) {
        float *row = scores + r * b.columns;
        const int64_t place = s.before + b.first + r;
        const int64_t from = window > 0 ? std::max<int64_t>(0, place - window + 1) : 0;
        std::fill(row, row + std::min(from, s.prompt.length), never);
        std::fill(row + s.prompt.length, row + b.edge, never);
        float *own = row + b.edge;
        std::fill(own, own + std::clamp<int64_t>(from - s.before, 0, b.seen), never);
        std::fill(own + b.first + r + 1, row + b.columns, never);
    }
}

void take_queries(const Block &b, const Sight &s, const Heads &q, int64_t head, const Shape &shape, float *to) {
    for (int64_t r = 0; r < b.count; r++) {
        const float *from = q.at(s.own.start + b.first + r, head);
        for (int64_t d = 0; d < shape.width; d++) to[r * shape.width + d] = from[d] * shape.scale;
    }
}

void forward_unit(const Sight &s, const Shape &shape, const Heads &q, const Heads &v, const Heads &out, int64_t head,
                  int64_t key_head, float *normaliser, int64_t heads, Scratch &work) {
    for (int64_t at = 0; at < s.own.length; at += QUERIES) {
        const Block b(s, at);
        work.scores.resize(std::max<size_t>(work.scores.size(), QUERIES * b.columns));
        take_queries(b, s, q, head, shape, work.queries.data());
        float *scores = work.scores.data();
        products(b, s, work.queries.data(), shape.width, shape.width, s.prompt_keys, s.own_keys, scores);
        hide(b, s, shape.window, scores);
        float scale[QUERIES];
        for (int64_t r = 0; r < b.count; r++) {
            float *row = scores + r * b.columns;
            Vector most = load(row);
            for (int64_t j = WIDTH; j < b.columns; j += WIDTH) most = larger(load(row + j), most);
            const float top = largest_of(most);
            Vector total{};
            for (int64_t j = 0; j < b.columns; j += WIDTH) {
                const Vector e = exponential(load(row + j) - all(top));
                store(row + j, e);
                total += e;
            }
            const float sum = sum_of(total);
            scale[r] = 1 / sum;
            normaliser[(s.own.start + at + r) * heads + head] = top + std::log(sum);
        }
        float *o = work.out.data();
        multiply(b.count, shape.width, s.prompt.length, scores, b.columns, 1, v.at(s.prompt.start, key_head), v.token,
                 o, shape.width, false);
        multiply(b.count, shape.width, b.seen, scores + b.edge, b.columns, 1, v.at(s.own.start, key_head), v.token, o,
                 shape.width, true);
        for (int64_t r = 0; r < b.count; r++) {
            float *to = out.at(s.own.start + at + r, head);
            for (int64_t d = 0; d < shape.width; d++) to[d] = o[r * shape.width + d] * scale[r];
        }
    }
}

struct Gradients {
    Heads out, output, q, k, v;  // of the output, the output itself, and what is computed
};

void backward_unit(const Sight &s, const Shape &shape, const Heads &q, const Heads &k, const Gradients &g,
                   int64_t head, int64_t key_head, const float *normaliser, int64_t heads, Scratch &work) {
    const int64_t width = shape.width;
    for (int64_t at = 0; at < s.own.length; at += QUERIES) {
        const Block b(s, at);
        work.scores.resize(std::max<size_t>(work.scores.size(), QUERIES * b.columns));
        work.slopes.resize(std::max<size_t>(work.slopes.size(), QUERIES * b.columns));
        float *p = work.scores.data(), *slope = work.slopes.data(), *queries = work.queries.data();
        const float *above = g.out.at(s.own.start + at, head);
        take_queries(b, s, q, head, shape, queries);
        products(b, s, queries, width, width, s.prompt_keys, s.own_keys, p);
        hide(b, s, shape.window, p);
        products(b, s, above, g.out.token, width, s.prompt_values, s.own_values, slope);
        for (int64_t r = 0; r < b.count; r++) {
            const float *up = above + r * g.out.token, *out = g.output.at(s.own.start + at + r, head);
            float inner = 0;
            for (int64_t d = 0; d < width; d++) inner += up[d] * out[d];
            const float shift = normaliser[(s.own.start + at + r) * heads + head];
            float *row = p + r * b.columns, *change = slope + r * b.columns;
            for (int64_t j = 0; j < b.columns; j += WIDTH) {
                const Vector e = exponential(load(row + j) - all(shift));
                store(row + j, e);
                store(change + j, e * (load(change + j) - all(inner)));
            }
        }
        float *dq = work.out.data();
        multiply(b.count, width, s.prompt.length, slope, b.columns, 1, k.at(s.prompt.start, key_head), k.token, dq,
                 width, false);
        multiply(b.count, width, b.seen, slope + b.edge, b.columns, 1, k.at(s.own.start, key_head), k.token, dq, width,
                 true);
        for (int64_t r = 0; r < b.count; r++) {
            float *to = g.q.at(s.own.start + at + r, head);
            for (int64_t d = 0; d < width; d++) to[d] = dq[r * width + d] * shape.scale;
        }
        const Span spans[] = {s.prompt, {s.own.start, b.seen}};
        for (int part = 0; part < 2; part++) {
            const int64_t column = part ? b.edge : 0;
            multiply(spans[part].length, width, b.count, slope + column, 1, b.columns, queries, width,
                     g.k.at(spans[part].start, key_head), g.k.token, true);
            multiply(spans[part].length, width, b.count, p + column, 1, b.columns, above, g.out.token,
                     g.v.at(spans[part].start, key_head), g.v.token, true);
        }
    }
}

struct Job {
    const int64_t *groups, *responses;
    int64_t group_count, key_heads, threads;
    Shape shape;
};

// Calls unit(sight, head, key_head, scratch) for each prompt and each response, per query head.
template <typename Unit>
void each_unit(const Job &job, const Heads &k, const Heads &v, bool values, Unit unit) {
    const Shape &shape = job.shape;
#pragma omp parallel num_threads(job.threads)
    {
        Scratch work;
        work.queries.resize(QUERIES * shape.width);
        work.out.resize(QUERIES * shape.width);
#pragma omp for schedule(dynamic, 1)
        for (int64_t task = 0; task < job.group_count * job.key_heads; task++) {
            const int64_t key_head = task % job.key_heads;
            const int64_t *group = job.groups + 4 * (task / job.key_heads);
            const Span prompt{group[0], group[1]};
            const auto turned = [&](const Heads &x, Span span, std::vector<float> &to) {
                to.resize(std::max<size_t>(to.size(), shape.width * padded(span.length)));
                transpose(x, key_head, span, shape.width, to.data());
                return to.data();
            };
            const float *keys = turned(k, prompt, work.keys);
            const float *seen = values ? turned(v, prompt, work.values) : nullptr;
            const auto run = [&](const Sight &sight) {
                for (int64_t i = 0; i < shape.repeats; i++) unit(sight, key_head * shape.repeats + i, key_head, work);
            };
            run({{prompt.start, 0}, prompt, nullptr, keys, nullptr, seen, 0});
            for (int64_t r = group[2]; r < group[2] + group[3]; r++) {
                const Span own{job.responses[2 * r], job.responses[2 * r + 1]};
                const float *own_keys = turned(k, own, work.own_keys);
                const float *own_values = values ? turned(v, own, work.own_values) : nullptr;
                run({prompt, own, keys, own_keys, seen, own_values, prompt.length});
            }
        }
    }
}

}  // namespace

extern "C" {

int64_t vector_width() { return WIDTH; }

// Tensors are (tokens, heads, width) as pointer, step of a token, step of a head; `sizes` is key heads, query heads per
// key head, width, window, groups, threads. `normaliser` is (tokens, heads).
void attention_forward(const int64_t *sizes, float scale, const int64_t *groups, const int64_t *responses,
                       const Heads *q, const Heads *k, const Heads *v, const Heads *out, float *normaliser) {
    const Job job{groups, responses, sizes[4], sizes[0], sizes[5], {sizes[1], sizes[2], sizes[3], scale}};
    const int64_t heads = sizes[0] * sizes[1];
    each_unit(job, *k, *v, false, [&](const Sight &s, int64_t head, int64_t key_head, Scratch &work) {
        forward_unit(s, job.shape, *q, *v, *out, head, key_head, normaliser, heads, work);
    });
}

// `grad_k` and `grad_v` are zero before.
void attention_backward(const int64_t *sizes, float scale, const int64_t *groups, const int64_t *responses,
                        const Heads *q, const Heads *k, const Heads *v, const Heads *out, const float *normaliser,
                        const Heads *grad_out, const Heads *grad_q, const Heads *grad_k, const Heads *grad_v) {
    const Job job{groups, responses, sizes[4], sizes[0], sizes[5], {sizes[1], sizes[2], sizes[3], scale}};
    const int64_t heads = sizes[0] * sizes[1];
    const Gradients g{*grad_out, *out, *grad_q, *grad_k, *grad_v};
    each_unit(job, *k, *v, true, [&](const Sight &s, int64_t head, int64_t key_head, Scratch &work) {
        backward_unit(s, job.shape, *q, *k, g, head, key_head, normaliser, heads, work);
    });
}
}
