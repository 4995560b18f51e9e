/* The networks. Written by pulse8 from small 0123456789abcdef; do not edit. */
#ifndef P8_MODEL_H
#define P8_MODEL_H

#include "p8_net.h"
#include "p8_spec.h"

#ifdef __cplusplus
extern "C" {
#endif

#define P8_NETS 2
#define P8_ARENA_BYTES 1872
/* 0: net 0, 25,536 multiplications */
/* 1: net 1, 2,220 multiplications */

extern const p8_net_t p8_nets[P8_NETS];

#define P8_CAMERA 0 /* whether faces are found in a camera's pictures */

#ifdef __cplusplus
}
#endif

#endif
