# A thin front of scripts/: each target is one script, and works on a fresh Debian 12.
.DEFAULT_GOAL := help
.PHONY: help run test bench format clean

help:    ## this list
	@sed -n 's/^\([a-z]*\): *## */  make \1\t/p' $(MAKEFILE_LIST)
run:     ## build the petstore and start it on 127.0.0.1:8080 (MARTY_SERVER__HTTP_PORT changes the port)
	@scripts/run
test:    ## build everything and run the tests that need only packages of Debian and npm (all: .ci/run)
	@scripts/test
bench:   ## measure Marty beside its peers, as ratios
	@scripts/bench
format:  ## format the sources and refresh the code blocks of the documentation
	@scripts/format
clean:   ## remove what was built (installed packages and node_modules stay)
	@rm -rf build
