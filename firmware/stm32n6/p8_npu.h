/* The network on the NPU, through the vendor's runtime (ST Edge AI Core 2.x, LL_ATON). */
#ifndef P8_NPU_H
#define P8_NPU_H

#include "p8_port.h"

/* NULL where the runtime's buffers are not those of the model. */
const p8_network_t *p8_npu_begin(void);

/* For RUN on the line. */
p8_status_t p8_npu_answer(void *context, uint8_t net, const uint8_t *input, int8_t *output);

#endif
