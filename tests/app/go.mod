module lastgood.dev/tests/app

go 1.25
