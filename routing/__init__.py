"""Pure judgement: from what was said to place, category, priority, duplicates, queue, deadlines, each with reasons."""
