/*
 * From an exact sum to INT8: y = clamp(rne(float32(sum) * scale) + zero, low, high).
 *
 * One float32 multiply, half to even, no fused multiply-add: compile with -ffp-contract=off and never with
 * -ffast-math. |sum| < 2^24, so that its conversion to float32 is exact. Clamping before rounding gives the same bytes
 * as after it, since the limits are whole numbers.
 */
#ifndef P8_REQUANT_H
#define P8_REQUANT_H

#include <stdint.h>

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2) && !defined(P8_NO_MVE)
#include <arm_mve.h>
#define P8_MVE 1
#else
#define P8_MVE 0
#endif

/* Two products in one instruction: M4, M7, and M33 or M55 with the DSP extension. */
#if !P8_MVE && defined(__ARM_FEATURE_DSP) && !defined(P8_NO_DSP)
#define P8_DSP 1
#else
#define P8_DSP 0
#endif

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#define P8_WASM 1
#else
#define P8_WASM 0
#endif

/* To the nearest whole number, half to even: the mode that every processor starts in. |limited| < 2^31. */
static inline int32_t p8_nearest(float limited)
{
#if P8_DSP && defined(__ARM_FP) && (__ARM_FP & 4)
    float code; /* its bits are the whole number; M4 has no instruction that rounds to a float, and would call rintf */
    __asm__("vcvtr.s32.f32 %0, %1" : "=t"(code) : "t"(limited));
    int32_t whole;
    __builtin_memcpy(&whole, &code, sizeof whole);
    return whole;
#else
    return (int32_t)__builtin_rintf(limited);
#endif
}

static inline int8_t p8_to_int8(float real, int32_t zero, int32_t low, int32_t high)
{
    const float least = (float)(low - zero), most = (float)(high - zero);
    const float limited = real < least ? least : real > most ? most : real;
    return (int8_t)(p8_nearest(limited) + zero);
}

static inline int8_t p8_requant(int32_t sum, float scale, int32_t zero, int32_t low, int32_t high)
{
    return p8_to_int8((float)sum * scale, zero, low, high);
}

#if P8_MVE
/* Four lanes of the same. */
static inline int32x4_t p8_to_int8_x4(float32x4_t real, int32_t zero, int32_t low, int32_t high)
{
    const int32x4_t code = vqaddq_n_s32(vcvtnq_s32_f32(real), zero); /* a conversion that saturated must not wrap */
    return vminq_s32(vmaxq_s32(code, vdupq_n_s32(low)), vdupq_n_s32(high));
}

static inline int32x4_t p8_requant_x4(int32x4_t sum, float32x4_t scale, int32_t zero, int32_t low, int32_t high)
{
    return p8_to_int8_x4(vmulq_f32(vcvtq_f32_s32(sum), scale), zero, low, high);
}
#elif P8_WASM
/* Four lanes of the same, as the four bytes of a word. */
static inline int32_t p8_requant_x4(v128_t sum, v128_t scale, int32_t zero, int32_t low, int32_t high)
{
    const v128_t real = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sum), scale);
    const v128_t least = wasm_f32x4_splat((float)(low - zero)), most = wasm_f32x4_splat((float)(high - zero));
    const v128_t limited = wasm_f32x4_pmin(most, wasm_f32x4_pmax(least, real));
    const v128_t whole = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(limited));
    const v128_t halves = wasm_i16x8_narrow_i32x4(wasm_i32x4_add(whole, wasm_i32x4_splat(zero)), whole);
    return wasm_i32x4_extract_lane(wasm_i8x16_narrow_i16x8(halves, halves), 0);
}
#endif

#endif
