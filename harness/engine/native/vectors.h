// Vectors of the machine's width, an exponential on them, and one small matrix product.
//
// Compiled on the machine that runs it (-march=native), by GCC or Clang: their vector extensions, no intrinsics.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX512F__)
constexpr int WIDTH = 16;
#elif defined(__AVX__)
constexpr int WIDTH = 8;
#else
constexpr int WIDTH = 4;
#endif

typedef float Vector __attribute__((vector_size(WIDTH * 4)));
typedef int32_t Integers __attribute__((vector_size(WIDTH * 4)));

static inline Vector load(const float *from) {
    Vector v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

static inline void store(float *to, Vector v) { std::memcpy(to, &v, sizeof v); }

static inline Vector all(float x) { return x - Vector{}; }

static inline float sum_of(Vector v) {
    float total = 0;
    for (int i = 0; i < WIDTH; i++) total += v[i];
    return total;
}

static inline float largest_of(Vector v) {
    float most = v[0];
    for (int i = 1; i < WIDTH; i++) most = v[i] > most ? v[i] : most;
    return most;
}

static inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }

// exp(x) for x <= 88, within 2 units in the last place; exactly 0 below -87. NaN stays NaN.
// Cody and Waite's reduction to |r| <= ln 2 / 2, then Taylor's series to r^7.
static inline Vector exponential(Vector x) {
    const Integers underflow = x < all(-87.0f);
    const Vector bounded = underflow ? all(-87.0f) : x;
    const Vector shift = all(12582912.0f);  // 1.5 * 2^23: adding it rounds to whole numbers
    const Vector moved = bounded * all(1.44269504088896341f) + shift;
    const Vector whole = moved - shift;
    const Vector r = (bounded - whole * all(0.693359375f)) - whole * all(-2.12194440e-4f);
    Vector p = all(1.0f / 5040);
    p = p * r + all(1.0f / 720);
    p = p * r + all(1.0f / 120);
    p = p * r + all(1.0f / 24);
    p = p * r + all(1.0f / 6);
    p = p * r + all(0.5f);
    p = p * r + all(1.0f);
    p = p * r + all(1.0f);
    Integers bits;
    std::memcpy(&bits, &moved, sizeof bits);
    Integers power = (bits + 127) << 23;  // the low bits of `moved` are the whole number
    Vector scale;
    std::memcpy(&scale, &power, sizeof scale);
    return underflow ? all(0.0f) : p * scale;
}

// C (ROWS x COLUMNS vectors) = A B, or C += A B. A is read one number at a time, at a[row * row_step + k * step].
template <int ROWS, int COLUMNS>
static inline void tile(int64_t depth, const float *a, int64_t row_step, int64_t step, const float *b, int64_t b_row,
                        float *c, int64_t c_row, bool add) {
    Vector sums[ROWS][COLUMNS];
    for (int r = 0; r < ROWS; r++)
        for (int j = 0; j < COLUMNS; j++) sums[r][j] = add ? load(c + r * c_row + j * WIDTH) : Vector{};
    for (int64_t k = 0; k < depth; k++) {
        Vector column[COLUMNS];
        for (int j = 0; j < COLUMNS; j++) column[j] = load(b + k * b_row + j * WIDTH);
        for (int r = 0; r < ROWS; r++) {
            const Vector one = all(a[r * row_step + k * step]);
            for (int j = 0; j < COLUMNS; j++) sums[r][j] += one * column[j];
        }
    }
    for (int r = 0; r < ROWS; r++)
        for (int j = 0; j < COLUMNS; j++) store(c + r * c_row + j * WIDTH, sums[r][j]);
}

template <int ROWS, int COLUMNS>
static inline int64_t strip(int64_t rows, int64_t depth, const float *a, int64_t row_step, int64_t step,
                            const float *b, int64_t b_row, float *c, int64_t c_row, bool add) {
    int64_t at = 0;
    for (; at + ROWS <= rows; at += ROWS)
        tile<ROWS, COLUMNS>(depth, a + at * row_step, row_step, step, b, b_row, c + at * c_row, c_row, add);
    return at;
}

template <int COLUMNS>
static inline void columns(int64_t rows, int64_t depth, const float *a, int64_t row_step, int64_t step, const float *b,
                           int64_t b_row, float *c, int64_t c_row, bool add) {
    constexpr int MOST = WIDTH == 16 ? (COLUMNS > 2 ? 6 : 8) : (COLUMNS > 2 ? 2 : 4);
    int64_t at = strip<MOST, COLUMNS>(rows, depth, a, row_step, step, b, b_row, c, c_row, add);
    strip<1, COLUMNS>(rows - at, depth, a + at * row_step, row_step, step, b, b_row, c + at * c_row, c_row, add);
}

// C (rows x width) = A (rows x depth) B (depth x width), or C += A B; width is a multiple of WIDTH.
static inline void multiply(int64_t rows, int64_t width, int64_t depth, const float *a, int64_t row_step, int64_t step,
                            const float *b, int64_t b_row, float *c, int64_t c_row, bool add) {
    int64_t at = 0;
    for (; at + 4 * WIDTH <= width; at += 4 * WIDTH)
        columns<4>(rows, depth, a, row_step, step, b + at, b_row, c + at, c_row, add);
    switch ((width - at) / WIDTH) {
        case 3: columns<3>(rows, depth, a, row_step, step, b + at, b_row, c + at, c_row, add); break;
        case 2: columns<2>(rows, depth, a, row_step, step, b + at, b_row, c + at, c_row, add); break;
        case 1: columns<1>(rows, depth, a, row_step, step, b + at, b_row, c + at, c_row, add); break;
        default: break;
    }
}
