"""An integer program as C: data for the kernels, a memory plan, and the model's contract as constants."""
