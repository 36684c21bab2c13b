// The networks of chainrule's examples demofox-1 to demofox-4, each written out by hand: gradient descent over the full
// batch in float32, all steps in one run. Inputs and targets are given when it runs, as they are to chainrule.
//
//   demofox NUMBER VALUES...     the inputs of all samples, then the targets
//
// For each line "go STEPS" it starts from the initial weights, trains, and prints a line of JSON. Weights are
// w[input][unit], the order that chainrule keeps them in.

#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

static const float rate = 0.5f;

static inline float sigmoid(float z) { return 1.0f / (1.0f + std::exp(-z)); }

static inline float squared(float d) { return d * d; }

// 1-1, one sample.
struct First {
    float w = 0.3f, b = 0.5f;

    void train(const float* x, const float* t, long steps) {
        const float x0 = x[0], t0 = t[0];
        float w = this->w, b = this->b;
        for (long step = 0; step < steps; ++step) {
            const float y = sigmoid(x0 * w + b);
            const float dz = (y - t0) * y * (1.0f - y);
            w -= rate * dz * x0;
            b -= rate * dz;
        }
        this->w = w, this->b = b;
    }
    float cost(const float* x, const float* t) const { return 0.5f * squared(sigmoid(x[0] * w + b) - t[0]); }
    std::vector<float> weights() const { return {w, b}; }
};

// 1-1, two samples.
struct Second {
    float w = 0.3f, b = 0.5f;

    void train(const float* x, const float* t, long steps) {
        const float x0 = x[0], x1 = x[1], t0 = t[0], t1 = t[1];
        float w = this->w, b = this->b;
        for (long step = 0; step < steps; ++step) {
            const float y0 = sigmoid(x0 * w + b), y1 = sigmoid(x1 * w + b);
            const float dz0 = 0.5f * (y0 - t0) * y0 * (1.0f - y0);
            const float dz1 = 0.5f * (y1 - t1) * y1 * (1.0f - y1);
            w -= rate * (dz0 * x0 + dz1 * x1);
            b -= rate * (dz0 + dz1);
        }
        this->w = w, this->b = b;
    }
    float cost(const float* x, const float* t) const {
        return 0.25f * (squared(sigmoid(x[0] * w + b) - t[0]) + squared(sigmoid(x[1] * w + b) - t[1]));
    }
    std::vector<float> weights() const { return {w, b}; }
};

// 2-2, one sample.
struct Third {
    float w00 = 0.2f, w01 = 0.6f, w10 = 0.8f, w11 = 0.4f, b0 = 0.5f, b1 = 0.1f;

    void train(const float* x, const float* t, long steps) {
        const float x0 = x[0], x1 = x[1], t0 = t[0], t1 = t[1];
        float w00 = this->w00, w01 = this->w01, w10 = this->w10, w11 = this->w11, b0 = this->b0, b1 = this->b1;
        for (long step = 0; step < steps; ++step) {
            const float y0 = sigmoid(x0 * w00 + x1 * w10 + b0);
            const float y1 = sigmoid(x0 * w01 + x1 * w11 + b1);
            const float dz0 = rate * (y0 - t0) * y0 * (1.0f - y0);
            const float dz1 = rate * (y1 - t1) * y1 * (1.0f - y1);
            w00 -= dz0 * x0, w10 -= dz0 * x1, b0 -= dz0;
            w01 -= dz1 * x0, w11 -= dz1 * x1, b1 -= dz1;
        }
        this->w00 = w00, this->w01 = w01, this->w10 = w10, this->w11 = w11, this->b0 = b0, this->b1 = b1;
    }
    float cost(const float* x, const float* t) const {
        return 0.5f * (squared(sigmoid(x[0] * w00 + x[1] * w10 + b0) - t[0]) +
                       squared(sigmoid(x[0] * w01 + x[1] * w11 + b1) - t[1]));
    }
    std::vector<float> weights() const { return {w00, w01, w10, w11, b0, b1}; }
};

// 2-2-2, one sample: v and c are the weights and biases of the second layer.
struct Fourth {
    float w00 = 0.15f, w01 = 0.25f, w10 = 0.2f, w11 = 0.3f, b0 = 0.35f, b1 = 0.35f;
    float v00 = 0.4f, v01 = 0.5f, v10 = 0.45f, v11 = 0.55f, c0 = 0.6f, c1 = 0.6f;

    void train(const float* x, const float* t, long steps) {
        const float x0 = x[0], x1 = x[1], t0 = t[0], t1 = t[1];
        Fourth n = *this;
        for (long step = 0; step < steps; ++step) {
            const float a0 = sigmoid(x0 * n.w00 + x1 * n.w10 + n.b0);
            const float a1 = sigmoid(x0 * n.w01 + x1 * n.w11 + n.b1);
            const float y0 = sigmoid(a0 * n.v00 + a1 * n.v10 + n.c0);
            const float y1 = sigmoid(a0 * n.v01 + a1 * n.v11 + n.c1);
            const float dy0 = rate * (y0 - t0) * y0 * (1.0f - y0);
            const float dy1 = rate * (y1 - t1) * y1 * (1.0f - y1);
            const float da0 = (dy0 * n.v00 + dy1 * n.v01) * a0 * (1.0f - a0);
            const float da1 = (dy0 * n.v10 + dy1 * n.v11) * a1 * (1.0f - a1);
            n.v00 -= dy0 * a0, n.v10 -= dy0 * a1, n.c0 -= dy0;
            n.v01 -= dy1 * a0, n.v11 -= dy1 * a1, n.c1 -= dy1;
            n.w00 -= da0 * x0, n.w10 -= da0 * x1, n.b0 -= da0;
            n.w01 -= da1 * x0, n.w11 -= da1 * x1, n.b1 -= da1;
        }
        *this = n;
    }
    float cost(const float* x, const float* t) const {
        const float a0 = sigmoid(x[0] * w00 + x[1] * w10 + b0), a1 = sigmoid(x[0] * w01 + x[1] * w11 + b1);
        return 0.5f * (squared(sigmoid(a0 * v00 + a1 * v10 + c0) - t[0]) +
                       squared(sigmoid(a0 * v01 + a1 * v11 + c1) - t[1]));
    }
    std::vector<float> weights() const { return {w00, w01, w10, w11, b0, b1, v00, v01, v10, v11, c0, c1}; }
};

// The most memory that was resident, in MiB. On Linux getrusage includes the process that started this one.
static double peak_memory() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == "VmHWM:" && status >> word) return std::atof(word.c_str()) / 1024.0;
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    return usage.ru_maxrss / 1048576.0;
#else
    return usage.ru_maxrss / 1024.0;
#endif
}

template <class Network>
void go(const float* x, const float* t, long steps) {
    Network net;
    const auto started = std::chrono::steady_clock::now();
    net.train(x, t, steps);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
    std::printf("{\"seconds\": %.9g, \"cpu\": %.9g, \"memory\": %.6g, \"loss\": %.9g, \"weights\": [", taken.count(),
                taken.count(), peak_memory(), net.cost(x, t));
    const char* between = "";
    for (float weight : net.weights()) std::printf("%s%.9g", between, weight), between = ", ";
    std::printf("]}\n");
    std::fflush(stdout);
}

int main(int count, char** given) {
    const int number = std::atoi(given[1]);
    std::vector<float> values;
    for (int k = 2; k < count; ++k) values.push_back(std::strtof(given[k], nullptr));
    const float *x = values.data(), *t = x + values.size() / 2;
    long steps;
    while (std::scanf(" go %ld", &steps) == 1) {
        if (number == 1) go<First>(x, t, steps);
        if (number == 2) go<Second>(x, t, steps);
        if (number == 3) go<Third>(x, t, steps);
        if (number == 4) go<Fourth>(x, t, steps);
    }
}
