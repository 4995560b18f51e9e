/* The network on the NPU, through the vendor's runtime (ST Edge AI Core 2.x, LL_ATON). */
#ifndef P8_NPU_H
#define P8_NPU_H

#include "p8_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* P8_OK, or P8_NETWORK where the runtime's buffers are not those of the model. */
p8_status_t p8_npu_begin(void);

/* The network's input buffer. */
int8_t *p8_npu_input(void);

/* Run it on that input; *output is the runtime's own buffer. */
p8_status_t p8_npu_run(void *context, const int8_t **output);

/* For RUN on the line. */
p8_status_t p8_npu_answer(void *context, uint8_t net, const uint8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif
