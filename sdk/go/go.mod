module wasi-faas/sdk/go

go 1.24
