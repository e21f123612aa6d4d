"""Pure judgement: from what was said to place, category, priority, duplicates, queue and deadlines, each with reasons."""
