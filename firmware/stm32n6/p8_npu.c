/*
 * The vendor's runtime between two cache operations: what the core wrote is cleaned to memory before the NPU reads it,
 * what the NPU wrote is invalidated before the core does. Names are those of ST Edge AI Core 2.1; not run by us.
 *
 * For one network with one input and one output, of any shape: its sizes are those of generated/p8_model.h.
 */
#include "p8_npu.h"

#include "ll_aton_runtime.h" /* the vendor's */
#include "main.h"

#include <string.h>

LL_ATON_DECLARE_NAMED_NN_INSTANCE_AND_INTERFACE(network)

static int8_t *input, *output;

/* Whether a buffer has the model's size and may be cleaned and invalidated without its neighbours. */
static bool fits(const LL_Buffer_InfoTypeDef *buffer, uint32_t bytes)
{
    return buffer && LL_Buffer_len(buffer) == bytes && (uintptr_t)LL_Buffer_addr_start(buffer) % P8_CACHE_LINE == 0;
}

p8_status_t p8_npu_begin(void)
{
    const LL_Buffer_InfoTypeDef *in = LL_ATON_Input_Buffers_Info_network();
    const LL_Buffer_InfoTypeDef *out = LL_ATON_Output_Buffers_Info_network();
    if (!fits(in, p8_nets[0].input_bytes) || !fits(out, p8_nets[0].output_bytes)) {
        return P8_NETWORK;
    }
    input = (int8_t *)LL_Buffer_addr_start(in);
    output = (int8_t *)LL_Buffer_addr_start(out);
    return P8_OK;
}

int8_t *p8_npu_input(void)
{
    return input;
}

p8_status_t p8_npu_run(void *context, const int8_t **wave)
{
    (void)context;
    SCB_CleanDCache_by_Addr((void *)input, (int32_t)P8_CACHE_ROUNDED(p8_nets[0].input_bytes));
    LL_ATON_RT_Main(&NN_Instance_network);
    SCB_InvalidateDCache_by_Addr((void *)output, (int32_t)P8_CACHE_ROUNDED(p8_nets[0].output_bytes));
    *wave = output;
    return P8_OK;
}

p8_status_t p8_npu_answer(void *context, uint8_t net, const uint8_t *codes, int8_t *answer)
{
    if (net != 0) {
        return P8_UNKNOWN;
    }
    const int8_t *result;
    memcpy(input, codes, p8_nets[0].input_bytes);
    const p8_status_t status = p8_npu_run(context, &result);
    memcpy(answer, result, p8_nets[0].output_bytes);
    return status;
}
