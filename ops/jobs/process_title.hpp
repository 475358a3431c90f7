#pragma once

// What `ps` and `pgrep -f` show of this process, when it is not what it was started with.
//
// Supervisors are forked and not executed, so each has to say itself which job is its own. Written
// over the arguments of main, which must be long enough: whoever starts the process gives it
// `title_room` as its last argument. One thread.

#include <string>
#include <string_view>

namespace ringrift::ops {

/// As an argument: nothing but room. A longer title is cut.
inline std::string title_room() {
    return std::string(1024, ' ');
}

class ProcessTitle {
  public:
    /// REQUIRES: those of main. They are gone once `set` is called.
    ProcessTitle(int count, char** arguments);

    /// `<program> <text>`.
    void set(std::string_view text);

  private:
    std::string program_;
    char* room_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace ringrift::ops
