"""The reference issuer "jl" (Jilin): its people, its two keys, its codes, its list of colours."""
