# A thin front of scripts/ and the CMake presets.
.PHONY: test
test:
	cmake --preset dev
	cmake --build --preset dev
	ctest --test-dir build/dev --output-on-failure
