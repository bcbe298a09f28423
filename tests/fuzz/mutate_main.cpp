// Runs a fuzz target over seeded mutations of its corpus; takes the arguments of libFuzzer that it needs.
//
//   marty_http_request_parser_fuzz CORPUS_FOLDER_OR_FILE... [-max_total_time=SECONDS] [-seed=N]
//
// The inputs of the corpus run first, unchanged. When the target crashes, the input is left in crash-input in the
// current folder: give that file as the only corpus with -max_total_time=0 to run it again.
#include "mutator.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<fs::path> corpus;
  std::uint64_t seed = 1;
  std::uint64_t seconds = 1;
};

// What runs now, for the signal handler, which can be handed nothing.
const std::string* running = nullptr;

extern "C" void keep_input(int signal_number) {
  const int file = ::open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && running != nullptr && ::write(file, running->data(), running->size()) >= 0) {
    static constexpr char kMessage[] = "\ncrashed; the input is in crash-input\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  }
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

std::uint64_t number_after(std::string_view argument, std::string_view name) {
  argument.remove_prefix(name.size());
  std::uint64_t value = 0;
  std::from_chars(argument.data(), argument.data() + argument.size(), value);
  return value;
}

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
    if (argument.starts_with("-max_total_time=")) {
      arguments.seconds = number_after(argument, "-max_total_time=");
    } else if (argument.starts_with("-seed=")) {
      arguments.seed = number_after(argument, "-seed=");
    } else {
      arguments.corpus.emplace_back(argument);
    }
  }
  return arguments;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> read_corpus(const std::vector<fs::path>& places) {
  std::vector<fs::path> files;
  for (const fs::path& place : places) {
    if (!fs::is_directory(place)) {
      files.push_back(place);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(place)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const fs::path& file : files) inputs.push_back(read_file(file));
  return inputs;
}

void run_one(const std::string& input) {
  running = &input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  running = nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = read_arguments(argc, argv);
  for (const fs::path& place : arguments.corpus) {
    if (!fs::exists(place)) {
      std::fprintf(stderr, "no corpus at %s: put a few valid inputs there, one a file\n", place.c_str());
      return 1;
    }
  }
  const std::vector<std::string> corpus = read_corpus(arguments.corpus);
  if (corpus.empty()) {
    std::fprintf(stderr, "the corpus is empty: put a few valid inputs there, one a file\n");
    return 1;
  }
  for (const int signal_number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) std::signal(signal_number, keep_input);

  for (const std::string& input : corpus) run_one(input);
  marty::fuzz::Mutator mutator(arguments.seed, corpus);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(arguments.seconds);
  std::uint64_t runs = 0;
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 16; ++i) run_one(mutator.next());
    runs += 16;
  }
  std::printf("%zu inputs of the corpus, then %llu mutations, seed %llu\n", corpus.size(),
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(arguments.seed));
  return 0;
}
