#pragma once

// The life of a job in the hands, as a table of stages and news. Pure; what is done on entering a
// stage is in ops/jobs/hands_thread.cpp.
//
//   stage      what it means                                       entering it
//   ---------  --------------------------------------------------  --------------------------------
//   absent     not in the table: never heard of, or forgotten      leaves the table, and memory
//   launching  inputs are checked, its folder made, its            gives the order to the preparer
//              supervisor asked of the nursery
//   awaited    its folder was found, its lock is held, but by      looks again a few times a second
//              whom is not known: the supervisor is coming up
//   wanted     the same, and it has been asked for meanwhile       keeps the order until it runs
//   running    the handle of its supervisor is open                watches it, passes a stop on
//   settling   its supervisor has ended                            reads how, moves its files
//   ended      its end is reported, for JobManager to keep         waits to be forgotten
//
//   news           from                  to         when
//   -------------  --------------------  ---------  ----------------------------------------------
//   start_asked    absent                launching  JobManager wants it
//                  awaited               wanted     the same, but perhaps it runs already
//   found          absent                awaited    its folder was there when the hands opened
//   launched       launching             running    its supervisor was born
//   unwatchable    launching             wanted     it may have been, but there is no handle of it
//   not_launched   launching             ended      a failure, or called off before it began
//   seen           awaited, wanted       running    the supervisor has said who it is
//   gone           awaited, wanted,      settling   the supervisor has ended, and the program may
//                  running                          have run
//   never_started  awaited               absent     the supervisor died before it said who it is
//                  wanted                launching  the same, and the order is at hand: once more
//   called_off     wanted                ended      the same, but to stop it was asked as well, or
//                                                   it has been tried often enough
//   settled        settling              ended      its outcome is known
//   forget_asked   ended                 absent     the log has its end
//
// All other news changes nothing: to start what runs, or to forget what has not ended, is harmless.
//
// What follows, and tests show: whatever was asked for is answered by exactly one end, since every
// way from launching or wanted leads to ended; nothing stays in the table unless it lives or its
// end is not in the log yet, since ended leads to absent by being forgotten, and a job that nobody
// asked for goes without a word; and a job that is asked for after it was forgotten is launched
// anew, whenever that comes.

namespace ringrift::ops {

enum class JobStage { absent, launching, awaited, wanted, running, settling, ended };

enum class JobNews {
    start_asked,
    found,
    launched,
    unwatchable,
    not_launched,
    seen,
    gone,
    never_started,
    called_off,
    settled,
    forget_asked,
};

constexpr JobStage after(JobStage stage, JobNews news) {
    using enum JobStage;
    const bool unseen = stage == awaited || stage == wanted;
    switch (news) {
        case JobNews::start_asked:
            if (stage == awaited) return wanted;
            return stage == absent ? launching : stage;
        case JobNews::found: return stage == absent ? awaited : stage;
        case JobNews::launched: return stage == launching ? running : stage;
        case JobNews::unwatchable: return stage == launching ? wanted : stage;
        case JobNews::not_launched: return stage == launching ? ended : stage;
        case JobNews::seen: return unseen ? running : stage;
        case JobNews::gone: return unseen || stage == running ? settling : stage;
        case JobNews::never_started:
            if (stage == awaited) return absent;
            return stage == wanted ? launching : stage;
        case JobNews::called_off: return stage == wanted ? ended : stage;
        case JobNews::settled: return stage == settling ? ended : stage;
        case JobNews::forget_asked: return stage == ended ? absent : stage;
    }
    return stage;
}

}  // namespace ringrift::ops
