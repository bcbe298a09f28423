// Whether a file can be a database, looked at from outside: nothing is opened for writing, and nothing made.
#pragma once

#include <string>

namespace marty::sqlite::internal {

// Throws unavailable where this user could not read, write and, if need be, make the file; data_loss where it is
// something else. Source: https://www.sqlite.org/fileformat2.html#the_database_header
void check_file(const std::string& path);

}  // namespace marty::sqlite::internal
