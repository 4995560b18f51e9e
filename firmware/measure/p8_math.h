/* Functions whose library versions differ between machines, from float32 operations that do not. */
#ifndef P8_MATH_H
#define P8_MATH_H

#ifdef __cplusplus
extern "C" {
#endif

/* cos(2 pi turns), turns in 0..1; error under 3e-7. */
float p8_cos_turns(float turns);

/* Logarithm to base 2 of a positive, normal number; relative error under 3e-7. */
float p8_log2(float value);

/* e^x for x within +-60; relative error under 1e-6. */
float p8_exp(float power);

#ifdef __cplusplus
}
#endif

#endif
