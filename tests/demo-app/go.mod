module lastgood.dev/tests/demo-app

go 1.25
