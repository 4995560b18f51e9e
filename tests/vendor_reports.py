"""Reports in the formats of ST Edge AI Core 2.x to 4.x, made here: a network of our own, figures of our own."""

from typing import Final

GENERATE_2_CUBEMX: Final = """\
ST Edge AI Core v2.2.0-20266 0123abcd0
Created date          : 2026-02-03 04:05:06
Parameters            : generate --target stm32n6 --name gate -m C:/nets/gate.tflite --st-neural-art n6-allmems-O3@C:/a.json

Model name - gate
------ ----------------- --------------------- ------------- --------- -----------
m_id   layer (original)  oshape                param/size         macc connected to
------ ----------------- --------------------- ------------- --------- -----------
1      conv2d_0 (CONV_2D) [b:1,h:32,w:32,c:8]  224/248         221,192 input
------ ----------------- --------------------- ------------- --------- -----------
model: macc=1,204,480 weights=7,312 activations=-- io=--

Compilation details
------------------------------------------------------------------------------------
Compiler version: 1.1.1-14
====================================================================================
Memory usage information  (input/output buffers are included in activations)
------------------------------------------------------------------------------------
\tflexMEM    [0x34000000 - 0x34000000]:          0  B /          0  B  (  0.00 % used) -- weights:          0  B (  0.00 % used)  activations:          0  B (  0.00 % used)
\tcpuRAM2    [0x34100000 - 0x34200000]:          0  B /      1.000 MB  (  0.00 % used) -- weights:          0  B (  0.00 % used)  activations:          0  B (  0.00 % used)
\tnpuRAM5    [0x342E0000 - 0x34350000]:     12.000 kB /    448.000 kB  (  2.68 % used) -- weights:          0  B (  0.00 % used)  activations:     12.000 kB (  2.68 % used)
\toctoFlash  [0x71000000 - 0x71080000]:      7.250 kB /    512.000 kB  (  1.42 % used) -- weights:      7.250 kB (  1.42 % used)  activations:          0  B (  0.00 % used)
\thyperRAM   [0x90000000 - 0x92000000]:          0  B /     32.000 MB  (  0.00 % used) -- weights:          0  B (  0.00 % used)  activations:          0  B (  0.00 % used)
---
Total:                                            19.250 kB                                  -- weights:      7.250 kB                  activations:     12.000 kB
====================================================================================
Epochs details
------------------------------------------------------------------------------------
Total number of epochs: 4 of which 1 implemented in software
---
epoch ID   HW/SW/EC Operation (SW only)
epoch 1       HW
epoch 2       HW
epoch 3      -SW-   (      Softmax       )
epoch 4       HW
====================================================================================
 Requested memory size by section - "stm32n6npu" target
 ------------------------------- ------- -------- ------ -------
 module                             text   rodata   data     bss
 ------------------------------- ------- -------- ------ -------
 network.o                           700    5,120      0       0
 ------------------------------- ------- -------- ------ -------
 weights                               0    7,424      0       0
 activations                           0        0      0  12,288
 io                                    0        0      0       0
 ------------------------------- ------- -------- ------ -------
"""  # noqa: E501 - the tool's lines are so long
GENERATE_3: Final = """\
ST Edge AI Core v3.0.0
 >>>> EXECUTING NEURAL ART COMPILER
   /opt/atonn -i "out/gate_OE_3_3_1.onnx" --load-mpool "stm32n6.mpool" --out-dir-prefix "ws/"
 <<<< DONE EXECUTING NEURAL ART COMPILER

 Exec/report summary (generate)
 ------------------------------------------------------------------------------------
 model file         :   /nets/gate.onnx
 target/series      :   stm32n6npu
 model_fmt          :   ss/sa per channel
 params #           :   7,168 items (7.00 KiB)
 ------------------------------------------------------------------------------------
 input 1/1          :   'Input_0_out_0', int8(1x32x32x3), 3.00 KBytes, QLinear(0.003921569,-128,int8), activations
 macc               :   0
 weights (ro)       :   7,424 B (7.25 KiB) (1 segment) / -21,248(-74.1%) vs float model
 activations (rw)   :   12,288 B (12.00 KiB) (1 segment) *
 ram (total)        :   12,288 B (12.00 KiB) = 12,288 + 0 + 0
 ------------------------------------------------------------------------------------
Memory usage information
        npuRAM4    [0x34270000 - 0x342E0000]:     12.000 kB /    448.000 kB  (  2.68 % used) -- weights:          0  B (  0.00 % used)  activations:     12.000 kB (  2.68 % used)
        octoFlash  [0x70000000 - 0x74000000]:      7.250 kB /     64.000 MB  (  0.01 % used) -- weights:      7.250 kB (  0.01 % used)  activations:          0  B (  0.00 % used)
        hyperRAM   [0x90000000 - 0x92000000]:          0  B /     32.000 MB  (  0.00 % used) -- weights:          0  B (  0.00 % used)  activations:          0  B (  0.00 % used)
Epochs details
   ---------------------------------------------------------------------------------
Total number of epochs                               5
>> pure software (SW) epochs                         1
>> hybrid epochs (using both software and hardware)  0
>> pure hardware (HW or EC) epochs                   4  (implemented in 2 epoch controller blobs/meta epochs)

+----------+------+---------+
| epoch ID | Type | Details |
+----------+------+---------+
| epoch_2  |  HW  |         |
| epoch_3  |  HW  |         |
| epoch_4  |  HW  |         |
| epoch_5  |  HW  |         |
| epoch_6  |  SW  | Softmax |
+----------+------+---------+
"""  # noqa: E501 - the tool's lines are so long
GENERATE_4_SPILLED: Final = """\
ST Edge AI Core v4.0.1-20581 0123abcd0
Created date          : 2026-08-09 10:11:12
Parameters            : generate -m /nets/wide.onnx --target stm32n6 --st-neural-art default@neural_art.json
model: macc=912,345,600 weights=9,437,184 activations=-- io=--
Memory usage information  (input/output buffers are included in activations)
\tcpuRAM2    [0x34100000 - 0x34200000]:      1.000 MB /      1.000 MB  (100.00 % used) -- weights:          0  B (  0.00 % used)  activations:      1.000 MB (100.00 % used)
\tnpuRAM6    [0x34350000 - 0x343C0000]:    448.000 kB /    448.000 kB  (100.00 % used) -- weights:          0  B (  0.00 % used)  activations:    448.000 kB (100.00 % used)
\toctoFlash  [0x70180000 - 0x74080000]:      2.250 MB /     63.000 MB  (  3.57 % used) -- weights:      2.250 MB (  3.57 % used)  activations:          0  B (  0.00 % used)
\thyperRAM   [0x90000000 - 0x91000000]:      3.500 MB /     16.000 MB  ( 21.88 % used) -- weights:          0  B (  0.00 % used)  activations:      3.500 MB ( 21.88 % used)
Total number of epochs                               61
>> pure software (SW) epochs                         0
>> hybrid epochs (using both software and hardware)  2
>> pure hardware (HW or EC) epochs                   59
+----------+--------+---------------+
| epoch ID |  Type  |    Details    |
+----------+--------+---------------+
| epoch_2  |   EC   |               |
| epoch_9  | Hybrid | Concat        |
| epoch_17 | Hybrid | DepthToSpace  |
+----------+--------+---------------+
"""  # noqa: E501 - the tool's lines are so long
VALIDATE_3: Final = """\
ST Edge AI Core v3.0.0
Parameters            : validate -m /nets/gate.onnx --target stm32n6 --mode target -d serial:921600
 Exec/report summary (validate)
 model file         :   /nets/gate.onnx
 macc               :   1,204,480
 n_nodes    :  4
 duration   :  0.412 ms by sample (0.410/0.419/0.003)
 Evaluation report (summary)
 -----------------------------------------------------------------------------------------------
 Output       acc       rmse          mae         l2r        mean      std       nse        cos        tensor
 -----------------------------------------------------------------------------------------------
 X-cross #1   98.00%    0.023515496   0.0112200   0.041200   0.00120   0.02340   0.996440   0.998586   'nl_7', 20 x int8(1x5), m_id=[7]
 X-cross #2   n.a.      0.103515496   0.0912200   0.141200   0.00120   0.02340   0.916440   0.971000   'nl_9', 20 x int8(1x5), m_id=[9]
"""  # noqa: E501 - the tool's lines are so long
ANALYZE_CPU_2: Final = """\
ST Edge AI Core v2.2.0-20266 0123abcd0
Parameters            : analyze --model gate.tflite --target stm32n6
Exec/report summary (analyze)
target/series      :   stm32n6
macc               :   1,204,480
weights (ro)       :   7,424 B (7.25 KiB) (1 segment) / -21,248(-74.1%) vs float model
activations (rw)   :   30,208 B (29.50 KiB) (1 segment) *
model/c-model: macc=1,244,480/1,204,480  -40,000(-3.2%) weights=7,312/7,424  activations=--/30,208 io=--/0
"""
