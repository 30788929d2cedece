//! What must survive a crash, behind questions and answers.
