module mux-go

go 1.24

require wasi-faas/sdk/go v0.0.0

replace wasi-faas/sdk/go => ../../sdk/go
