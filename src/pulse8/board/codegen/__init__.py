"""An integer program as C: data for the kernels, a memory plan, the model's contract as constants."""
