# The flags that every target of this tree is compiled with; not exported to users.
add_library(marty_compiler_flags INTERFACE)
target_compile_options(marty_compiler_flags INTERFACE -pthread
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
if(MARTY_SANITIZE)
  # Sanitizers change what the optimiser sees, and GCC then warns of what is not there: warnings stay warnings.
  target_compile_options(marty_compiler_flags INTERFACE
    -fsanitize=${MARTY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(marty_compiler_flags INTERFACE -fsanitize=${MARTY_SANITIZE})
elseif(MARTY_WERROR)
  target_compile_options(marty_compiler_flags INTERFACE -Werror)
endif()
