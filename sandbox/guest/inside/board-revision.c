// SPDX-License-Identifier: GPL-2.0
/* Says which Raspberry Pi this is, where its own kernel says it: /proc/device-tree/system/linux,revision. */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static unsigned int revision;
module_param(revision, uint, 0444);

static struct proc_dir_entry *tree;

static ssize_t revision_read(struct file *file, char __user *to, size_t count, loff_t *at)
{
	__be32 word = cpu_to_be32(revision);

	return simple_read_from_buffer(to, count, at, &word, sizeof(word));
}

static const struct proc_ops operations = { .proc_read = revision_read };

static int __init board_init(void)
{
	struct proc_dir_entry *system;

	tree = proc_mkdir("device-tree", NULL);
	if (!tree)
		return -EEXIST;
	system = proc_mkdir("system", tree);
	if (!system || !proc_create("linux,revision", 0444, system, &operations)) {
		proc_remove(tree);
		return -ENOMEM;
	}
	return 0;
}

static void __exit board_exit(void)
{
	proc_remove(tree);
}

module_init(board_init);
module_exit(board_exit);
MODULE_DESCRIPTION("The revision code of a Raspberry Pi");
MODULE_LICENSE("GPL");
